#include "feedback/feedback_operations.hpp"

#include <mortise/ascii.hpp>
#include <mortise/json.hpp>
#include <mortise/paging.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>
#include <mortise/uuid.hpp>

#include "body_text.hpp"
#include "query_text.hpp"

namespace projects {
namespace {

namespace contract = projects_contract::agent_feedback;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;
using mortise::Transaction;

constexpr const char* kFeature = "agent_runs";

std::optional<mortise::Time> sinceOf(const Request& request) {
  const auto text = request.query("since").text();
  return text ? mortise::parseTime(*text) : std::nullopt;
}

}  // namespace

FeedbackOperations::FeedbackOperations(mortise::Host host, const ProjectAccess& access)
    : db_(host.db()), audit_(host.audit()), feedback_(db_), runs_(db_), tickets_(db_), access_(access) {}

void FeedbackOperations::requireTargets(Feedback& feedback) const {
  const auto unknown = [](const char* member) {
    return Problem(422, "feedback_target_unknown").field("body/" + std::string(member));
  };
  std::optional<std::string> persona;
  if (feedback.ticketId) {
    const auto ticket = tickets_.find(feedback.projectId, *feedback.ticketId);
    if (!ticket) throw unknown("ticket_id");
    persona = ticket->assignedTo;
  }
  if (feedback.commentId) {
    const auto comment = tickets_.findComment(*feedback.commentId);
    const auto ticket = comment ? tickets_.find(feedback.projectId, comment->ticketId) : std::nullopt;
    if (!ticket || (feedback.ticketId && *feedback.ticketId != ticket->id)) throw unknown("comment_id");
    persona = ticket->assignedTo;
  }
  if (feedback.agentRunId) {
    const auto run = runs_.find(feedback.projectId, *feedback.agentRunId);
    if (!run) throw unknown("agent_run_id");
    persona = run->personaName;
  }
  if (persona) feedback.personaKey = mortise::asciiLowerCase(*persona);
}

Reply FeedbackOperations::giveFeedback(const Request& request, const contract::NewFeedback& body) {
  const auto caller = request.principal();
  Feedback feedback;
  feedback.feedbackType = body.feedbackType;
  feedback.verdict = body.verdict;
  feedback.label = trimmedOrNull(body.label);
  feedback.finalOwner = trimmedOrNull(body.finalOwner);
  feedback.notes = mortise::orNull(body.notes.valueOr(""));
  feedback.agentRunId = trimmedOrNull(body.agentRunId);
  feedback.ticketId = trimmedOrNull(body.ticketId);
  feedback.commentId = trimmedOrNull(body.commentId);
  if (feedback.label && !isFeedbackLabel(feedback.feedbackType, *feedback.label))
    throw Problem(422, "feedback_label_unknown").field("body/label");
  if (!feedback.agentRunId && !feedback.ticketId && !feedback.commentId)
    throw Problem(422, "feedback_target_missing").field("body/agent_run_id", "missing");
  feedback.projectId = access_.reachToEdit(request, kFeature).project.id;
  requireTargets(feedback);
  feedback.id = mortise::makePrefixedId("afb_", 12);
  feedback.createdBy = caller.userId;
  feedback.actorType = caller.isServiceKey ? "service_key" : "user";
  if (caller.isServiceKey) {
    feedback.serviceKeyId = caller.keyId.string();
    feedback.serviceKeyName = mortise::orNull(caller.keyName);
  }
  feedback.createdAt = mortise::now();
  db_.transaction([&](Transaction& tx) {
    feedback_.in(tx).add(feedback);
    audit_.in(tx).record(request, "projects.feedback_given", "feedback:" + feedback.id,
                         json::object({{"project_id", feedback.projectId},
                                       {"feedback_type", feedback.feedbackType},
                                       {"verdict", feedback.verdict}}));
  });
  return Reply::created(json::from(feedback));
}

Reply FeedbackOperations::listFeedback(const Request& request) {
  const auto project = access_.reach(request, kFeature).project;
  const FeedbackFilter filter{.agentRunId = sentOrNull(request, "agent_run_id"),
                              .ticketId = sentOrNull(request, "ticket_id"),
                              .feedbackType = sentOrNull(request, "feedback_type"),
                              .verdict = sentOrNull(request, "verdict"),
                              .label = sentOrNull(request, "label"),
                              .persona = sentOrNull(request, "persona"),
                              .since = sinceOf(request),
                              .sinceId = sentOrNull(request, "since_id")};
  const auto limit = static_cast<std::size_t>(request.query("limit").integer(100));
  return Reply::ok(json::list(feedback_.list(project.id, filter, limit)));
}

Reply FeedbackOperations::summariseFeedback(const Request& request) {
  const auto project = access_.reach(request, kFeature).project;
  std::int64_t total = 0;
  json::List groups;
  for (const auto& each : feedback_.summary(project.id, sentOrNull(request, "persona"), sinceOf(request))) {
    total += each.count;
    groups.add(json::object({{"feedback_type", each.feedbackType},
                             {"verdict", each.verdict},
                             {"label", each.label},
                             {"count", each.count}}));
  }
  return Reply::ok(json::object({{"total", total}, {"groups", groups}}));
}

}  // namespace projects
