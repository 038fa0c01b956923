#include "work_queues/work_queue_operations.hpp"

#include <mortise/json.hpp>
#include <mortise/names.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>
#include <mortise/uuid.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "body_text.hpp"
#include "invalid.hpp"
#include "tickets/ticket_lease.hpp"
#include "work_queues/ticket_selector.hpp"

namespace projects {
namespace {

namespace contract = projects_contract::work_queues;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;
using mortise::Transaction;
using mortise::detail::nameOf;

constexpr std::int64_t kMaxTickets = 5;  // of one wake

json::Object shown(const WorkQueue& queue) {
  auto out = json::from(queue);
  out.add("progress", json::object({{"pending", queue.pending},
                                    {"active", queue.active},
                                    {"waiting", queue.waiting},
                                    {"done", queue.done},
                                    {"failed", queue.failed}}));
  return out;
}

json::Value withoutItems(const WorkQueue& queue) { return shown(queue).add("items", nullptr).build(); }

std::vector<QueueStatus> allowedFrom(QueueStatus from) {
  using Status = QueueStatus;
  switch (from) {
    case Status::active:
      return {Status::paused, Status::completed, Status::cancelled};
    case Status::paused:
      return {Status::active, Status::completed, Status::cancelled};
    case Status::completed:
      return {Status::active, Status::cancelled};
    case Status::cancelled:
      break;
  }
  return {};
}

// Problem 409 invalid_status_transition.
void requireTransition(QueueStatus from, QueueStatus to) {
  const auto allowed = allowedFrom(from);
  if (std::find(allowed.begin(), allowed.end(), to) != allowed.end()) return;
  throw Problem(409, "invalid_status_transition")
      .with("from", std::string(nameOf(from)))
      .with("to", std::string(nameOf(to)))
      .details(json::object({{"from_status", nameOf(from)},
                             {"to_status", nameOf(to)},
                             {"allowed", json::list(allowed, [](QueueStatus one) { return nameOf(one); })}}));
}

}  // namespace

WorkQueueOperations::WorkQueueOperations(mortise::Host host, const TicketAccess& access, const TicketWriter& writer,
                                         const ProjectChanges& changes)
    : db_(host.db()),
      audit_(host.audit()),
      queues_(db_),
      tickets_(db_),
      step_(db_, writer, changes),
      access_(access),
      changes_(changes) {}

TicketCaller WorkQueueOperations::editor(const Request& request) const {
  auto caller = access_.reach(request);
  if (caller.isReader) throw Problem(403, "project_edit_forbidden");
  return caller;
}

Reply WorkQueueOperations::listWorkQueues(const Request& request) {
  const auto caller = access_.reach(request);
  std::optional<QueueStatus> status;
  if (const auto name = request.query("status").text()) status = named<QueueStatus>(*name);
  return Reply::ok(
      json::list(queues_.list(caller.project.id, status, request.query("limit").integer(50)), withoutItems));
}

Reply WorkQueueOperations::createWorkQueue(const Request& request, const contract::NewWorkQueue& body) {
  const auto name = notBlank(body.name, "body/name");
  const auto selector = checkedSelector(body.selector.valueOr(mortise::Json()));
  const auto caller = editor(request);
  WorkQueue queue;
  queue.id = mortise::makePrefixedId("wq_");
  queue.projectId = caller.project.id;
  queue.name = name;
  queue.mode = named<QueueMode>(body.mode);
  queue.assignedPersona = trimmedOrNull(body.assignedPersona);
  if (queue.assignedPersona && isReservedPersona(*queue.assignedPersona))
    throw Problem(422, "ticket_persona_reserved").field("body/assigned_persona");
  if (body.selector.has()) queue.selector = body.selector->toText();
  queue.autoAdopt = body.autoAdopt;
  queue.maxAdoptPerWake = body.maxAdoptPerWake;
  queue.stopCondition = named<QueueStop>(body.stopCondition);
  queue.cadenceSeconds = body.cadenceSeconds.valueOr(queue.cadenceSeconds);
  queue.maxTicketsPerRun = body.maxTicketsPerRun.valueOr(queue.maxTicketsPerRun);
  queue.maxAttemptsPerItem = body.maxAttemptsPerItem.valueOr(queue.maxAttemptsPerItem);
  queue.createdByUserId = caller.actor.userId;
  queue.createdBySessionId = trimmedOrNull(body.createdBySessionId);
  queue.createdByPersona = trimmedOrNull(body.createdByPersona);
  queue.createdAt = queue.updatedAt = mortise::now();
  std::vector<std::string> missing = selector.ticketIds;
  for (const auto& ticket : tickets_.heads(queue.projectId, selector.ticketIds))
    missing.erase(std::remove(missing.begin(), missing.end(), ticket.id), missing.end());
  if (!missing.empty()) {
    throw Problem(422, "cross_project_ticket").details(json::object({{"missing_ticket_ids", json::list(missing)}}));
  }
  if (queues_.countOf(queue.projectId) >= WorkQueueStore::kMaxQueues)
    throw Problem(409, "work_queues_full").with("most", WorkQueueStore::kMaxQueues);
  db_.transaction([&](Transaction& tx) {
    if (!queues_.in(tx).add(queue, selector.ticketIds))
      throw Problem(409, "work_queue_name_conflict").details(json::object({{"name", queue.name}}));
    audit_.in(tx).record(request, "projects.work_queue_created", "work_queue:" + queue.id);
    changes_.record(tx, {ProjectEvent::queueChanged, queue.projectId, queue.id, "created", caller.actor.userId});
  });
  queue.pending = static_cast<std::int64_t>(selector.ticketIds.size());
  const auto items = json::list(queues_.items(queue.id));
  return Reply::created(json::object({{"work_queue", shown(queue).add("items", items).build()}, {"items", items}}));
}

Reply WorkQueueOperations::readWorkQueue(const Request& request) {
  const auto caller = access_.reach(request);
  const auto queue =
      mortise::orNotFound(queues_.find(caller.project.id, request.path("queue_id")), "work_queue_not_found");
  if (!request.query("include_items").boolean(true)) return Reply::ok(withoutItems(queue));
  return Reply::ok(shown(queue).add("items", json::list(queues_.items(queue.id))).build());
}

Reply WorkQueueOperations::setWorkQueueStatus(const Request& request, const contract::WorkQueueStatusChange& body) {
  const auto caller = editor(request);
  const auto to = named<QueueStatus>(body.status);
  const auto now = mortise::now();
  return db_.transaction([&](Transaction& tx) {
    auto queue =
        mortise::orNotFound(queues_.in(tx).lock(caller.project.id, request.path("queue_id")), "work_queue_not_found");
    if (body.leaseEpoch.has() && *body.leaseEpoch != queue.leaseEpoch)
      throw staleLease(*body.leaseEpoch, queue.leaseEpoch);
    requireTransition(queue.status, to);
    queue.status = to;
    ++queue.leaseEpoch;
    queue.updatedAt = now;
    queues_.in(tx).setStatus(queue);
    audit_.in(tx).record(request, "projects.work_queue_changed", "work_queue:" + queue.id,
                         json::object({{"status", nameOf(to)}}));
    changes_.record(tx, {ProjectEvent::queueChanged, queue.projectId, queue.id, nameOf(to), caller.actor.userId});
    return Reply::ok(withoutItems(queue));
  });
}

Reply WorkQueueOperations::runWorkQueueStep(const Request& request,
                                            const std::optional<contract::WorkQueueWake>& body) {
  const auto caller = editor(request);
  const auto most = body ? body->maxTickets.valueOr(kMaxTickets) : kMaxTickets;
  return Reply::ok(step_.wake(caller, request.path("queue_id"), most));
}

Reply WorkQueueOperations::completeWorkQueueStep(const Request& request, const contract::WorkQueueSettlement& body) {
  const auto caller = editor(request);
  QueueSettlement settlement;
  settlement.itemId = body.itemId;
  settlement.directiveId = body.directiveId;
  settlement.ticketId = body.ticketId;
  settlement.outcome = body.outcome;
  settlement.commentId = trimmedOrNull(body.commentId);
  settlement.agentRunId = trimmedOrNull(body.agentRunId);
  settlement.verdict = trimmedOrNull(body.verdictContent);
  settlement.ticketLeaseEpoch = body.ticketLeaseEpoch.optional();
  settlement.isFailed = body.failed;
  return Reply::ok(step_.settle(caller, request.path("queue_id"), settlement));
}

}  // namespace projects
