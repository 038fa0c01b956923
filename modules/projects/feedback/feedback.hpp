// What somebody says about the work of an agent: fields, columns, JSON, and the words for it. It is only added to.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/time.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace projects {

struct Feedback {
  std::string id;  // afb_ and 24 hexadecimal digits
  std::string projectId;
  std::optional<std::string> agentRunId;
  std::optional<std::string> ticketId;
  std::optional<std::string> commentId;
  std::string feedbackType;
  std::string verdict;
  std::optional<std::string> label;
  std::optional<std::string> finalOwner;
  std::optional<std::string> notes;
  std::optional<std::string> personaKey;  // of the run, else whom the ticket was assigned to, in lower case
  std::string source = "manual";
  std::string createdBy;
  std::string actorType;  // user, service_key
  std::optional<std::string> serviceKeyId;
  std::optional<std::string> serviceKeyName;
  mortise::Time createdAt;

  static constexpr auto kFields =
      mortise::fields(
          "projects_feedback", mortise::field("id", &Feedback::id).key(),
          mortise::field("project_id", &Feedback::projectId), mortise::field("agent_run_id", &Feedback::agentRunId),
          mortise::field("ticket_id", &Feedback::ticketId), mortise::field("comment_id", &Feedback::commentId),
          mortise::field("feedback_type", &Feedback::feedbackType), mortise::field("verdict", &Feedback::verdict),
          mortise::field("label", &Feedback::label), mortise::field("final_owner", &Feedback::finalOwner),
          mortise::field("notes", &Feedback::notes), mortise::field("persona_key", &Feedback::personaKey).hidden(),
          mortise::field("source", &Feedback::source),
          mortise::field("created_by", &Feedback::createdBy).as("created_by_user_id"),
          mortise::field("actor_type", &Feedback::actorType), mortise::field("service_key_id", &Feedback::serviceKeyId),
          mortise::field("service_key_name", &Feedback::serviceKeyName),
          mortise::field("created_at", &Feedback::createdAt))
          .times(mortise::kIsoMicros);
};

// How often something was said.
struct FeedbackCount {
  std::string feedbackType;
  std::string verdict;
  std::optional<std::string> label;
  std::int64_t count = 0;
};

// Which labels go with which type.
struct FeedbackLabel {
  std::string_view feedbackType;
  std::string_view label;
};
inline constexpr std::array<FeedbackLabel, 12> kFeedbackLabels = {{{"route", "correct_route"},
                                                                   {"route", "wrong_route"},
                                                                   {"summary", "summary_good"},
                                                                   {"summary", "summary_bad"},
                                                                   {"actionability", "actionable"},
                                                                   {"actionability", "not_actionable"},
                                                                   {"duplicate", "duplicate"},
                                                                   {"duplicate", "new_issue"},
                                                                   {"resolution", "false_positive"},
                                                                   {"resolution", "flaky"},
                                                                   {"resolution", "resolved_by_fix"},
                                                                   {"resolution", "resolved_by_test_update"}}};

constexpr bool isFeedbackLabel(std::string_view feedbackType, std::string_view label) {
  return std::any_of(kFeedbackLabels.begin(), kFeedbackLabels.end(), [&](const FeedbackLabel& each) {
    return each.feedbackType == feedbackType && each.label == label;
  });
}

}  // namespace projects
