// The tables of feedback: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>
#include <mortise/time.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "feedback/feedback.hpp"
#include "registry/project_part.hpp"

namespace projects {

// An empty optional asks for all.
struct FeedbackFilter {
  std::optional<std::string> agentRunId{};
  std::optional<std::string> ticketId{};
  std::optional<std::string> feedbackType{};
  std::optional<std::string> verdict{};
  std::optional<std::string> label{};
  std::optional<std::string> persona{};  // in any case
  std::optional<mortise::Time> since{};  // behind that time,
  std::optional<std::string> sinceId{};  // and of that time what is behind that id
};

// [worker]; every member throws db::Error.
class FeedbackStore final : public ProjectPart {
 public:
  explicit FeedbackStore(mortise::Db db) : db_(db) {}
  // The same store as a part of a transaction.
  FeedbackStore in(const mortise::Transaction& tx) const { return FeedbackStore(db_.in(tx)); }

  void add(const Feedback& feedback) const;
  // Oldest first.
  std::vector<Feedback> list(std::string_view projectId, const FeedbackFilter& filter, std::size_t limit) const;
  // By type, verdict and label. With `since` what is newer: whole days from the counts, the rest of its first day row by
  // row.
  std::vector<FeedbackCount> summary(std::string_view projectId, const std::optional<std::string>& persona,
                                     const std::optional<mortise::Time>& since) const;

  void removed(mortise::Transaction& tx, std::string_view projectId) override;
  void merged(mortise::Transaction& tx, ProjectMerge& merge) override;

 private:
  mortise::Db db_;
};

}  // namespace projects
