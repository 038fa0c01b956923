#include "work_queues/queue_step.hpp"

#include <mortise/characters.hpp>
#include <mortise/names.hpp>
#include <mortise/problem.hpp>
#include <mortise/uuid.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <iterator>
#include <map>
#include <utility>

#include "reviewers/trusted_reviewer.hpp"
#include "tickets/review_state.hpp"
#include "tickets/ticket_lease.hpp"
#include "work_queues/ticket_selector.hpp"

namespace projects {
namespace {

namespace json = mortise::json;
using mortise::Problem;
using mortise::Time;
using mortise::detail::nameOf;

constexpr std::size_t kCommentsShown = 10;
constexpr std::size_t kCommentCharacters = 500;
constexpr std::chrono::minutes kRests[] = {std::chrono::minutes(2), std::chrono::minutes(5), std::chrono::minutes(15),
                                           std::chrono::minutes(60)};

// Whether a ticket in this status has something to do for an agent of the queue.
bool isServed(QueueMode mode, TicketStatus status) {
  if (isOver(status)) return false;
  switch (mode) {
    case QueueMode::reviewUntilClean:
      return status == TicketStatus::review;
    case QueueMode::implementUntilDone:
      return status == TicketStatus::open || status == TicketStatus::inProgress;
    case QueueMode::triage:
      break;
  }
  return true;
}

const char* intentOf(QueueMode mode) {
  switch (mode) {
    case QueueMode::reviewUntilClean:
      return "post_review";
    case QueueMode::implementUntilDone:
      return "implement";
    case QueueMode::triage:
      break;
  }
  return "triage";
}

json::Value answer(const char* status, const json::Value& run, const json::Value& directives, std::string_view reason,
                   std::optional<Time> next = {}) {
  json::Object out;
  out.add("status", status).add("work_queue_run_id", run).add("directives", directives);
  if (!reason.empty()) out.add("reason", reason);
  if (next) out.add("next_eligible_at", mortise::isoTime(*next, mortise::kIsoMicros));
  return out.build();
}

json::Value without(const char* status, std::string_view reason, std::optional<Time> next = {}) {
  return answer(status, json::Value(), json::list(), reason, next);
}

json::Value commentJson(const TicketComment& comment) {
  return json::object({{"id", comment.id},
                       {"author_user_id", comment.authorUserId},
                       {"author_persona", comment.authorPersona},
                       {"content", mortise::firstCharacters(comment.content, kCommentCharacters)},
                       {"created_at", mortise::isoTime(comment.createdAt, mortise::kIsoMicros)}});
}

// Why there is nothing to do.
json::Value restOf(const WorkQueue& queue, bool waitsForImplementation, bool isFull, std::optional<Time> next) {
  const bool isAllOver = queue.pending + queue.active + queue.waiting == 0;
  if (queue.stopCondition == QueueStop::maxTickets && queue.done >= queue.maxTicketsPerRun)
    return without("stopped", "max_tickets");
  if (isAllOver && isFull) return without("stopped", "queue_full");
  if (isAllOver && queue.stopCondition != QueueStop::manual &&
      (queue.stopCondition != QueueStop::allClean || queue.failed == 0))
    return without("stopped", "queue_empty");
  if (waitsForImplementation) return without("idle", "waiting_implementation");
  return without("idle", isAllOver ? "queue_empty" : "nothing_eligible", next);
}

}  // namespace

QueueStep::QueueStep(mortise::Db db, const TicketWriter& writer, const ProjectChanges& changes)
    : db_(db), queues_(db), tickets_(db), runs_(db), writer_(writer), changes_(changes) {}

void QueueStep::adopt(const Transaction& tx, const WorkQueue& queue, Time now, Servable& servable) const {
  if (!queue.autoAdopt && queue.wokenAt) return;
  const auto filter = storedFilter(queue.selector);
  if (!filter) return;
  const auto room = std::min(queue.maxAdoptPerWake, WorkQueueStore::kMaxItems - queue.items());
  const auto count = static_cast<std::size_t>(std::max<std::int64_t>(room, 1));
  const auto ids = tickets_.in(tx).unqueued(queue.projectId, *filter, queue.id, count);
  servable.isFull = room <= 0 && !ids.empty();
  if (servable.isFull || ids.empty()) return;
  queues_.in(tx).addItems(queue.id, ids, now);
  queues_.in(tx).count(queue.id);
}

void QueueStep::findServable(const Transaction& tx, const WorkQueue& queue, Time now, Servable& servable) const {
  const auto queues = queues_.in(tx);
  auto items = queues.items(queue.id);
  std::vector<std::string> ids;
  for (const auto& item : items) {
    if (!item.isOver()) ids.push_back(item.ticketId);
  }
  std::map<std::string, TicketHead, std::less<>> tickets;
  for (auto& head : tickets_.in(tx).heads(queue.projectId, ids)) tickets.emplace(head.id, std::move(head));
  bool isChanged = false;
  for (auto& item : items) {
    if (item.isOver() || item.status == QueueItemStatus::active) continue;
    const auto ticket = tickets.find(item.ticketId);
    if (ticket == tickets.end() || isOver(ticket->second.status)) {
      item.status = ticket == tickets.end() ? QueueItemStatus::failed : QueueItemStatus::done;
      item.updatedAt = now;
      queues.changeItem(item);
      isChanged = true;
      continue;
    }
    if (!isServed(queue.mode, ticket->second.status)) {
      servable.waitsForImplementation = servable.waitsForImplementation || queue.mode == QueueMode::reviewUntilClean;
      continue;
    }
    if (item.nextEligibleAt && *item.nextEligibleAt > now) continue;
    item.directiveEpoch = ticket->second.leaseEpoch;
    servable.items.push_back(std::move(item));
  }
  if (isChanged) queues.count(queue.id);
}

json::Value QueueStep::directive(const WorkQueue& queue, const WorkQueueItem& item) const {
  const auto ticket = mortise::orNotFound(tickets_.find(queue.projectId, item.ticketId), "work_queue_not_found");
  auto comments = tickets_.comments(ticket.id, item.ackedAt, {}, kCommentsShown);
  // What came after the directive was made is for the next one.
  while (item.shownAt && !comments.empty() && comments.back().createdAt > *item.shownAt) comments.pop_back();
  std::optional<ReviewState> review;
  const bool isReview = queue.mode == QueueMode::reviewUntilClean;
  if (isReview) review = tickets_.reviewState(ticket.id);
  std::optional<std::int64_t> round;
  if (isReview) round = review ? review->rounds.back().round + 1 : 1;
  const auto id = item.openDirectiveId.value_or("");
  const auto settle = "complete_work_queue_step(directive_id=" + id + ")";
  return json::object(
      {{"directive_id", id},
       {"work_queue_run_id", item.openRunId},
       {"item_id", item.id},
       {"intent", intentOf(queue.mode)},
       {"ticket_id", ticket.id},
       {"ticket_lease_epoch", item.directiveEpoch},
       {"review_round", round},
       {"review_state", review ? review->json() : json::Value()},
       {"ticket", json::object({{"id", ticket.id},
                                {"title", ticket.title},
                                {"status", nameOf(ticket.status)},
                                {"kind", nameOf(ticket.kind)},
                                {"priority", nameOf(ticket.priority)},
                                {"assigned_to", ticket.assignedTo}})},
       {"comment_delta", json::list(comments, commentJson)},
       {"persona_ref", queue.assignedPersona},
       {"expand_hints", json::list({"get_ticket", "list_ticket_comments", "get_context_section"})},
       {"writeback_contract", json::object({{"directive_id", id},
                                            {"post_via", isReview ? "verdict_content" : "add_ticket_comment"},
                                            {"required_lease_epoch", item.directiveEpoch},
                                            {"author_persona_is_server_derived", isReview},
                                            {"settle_via", settle}})}});
}

QueueStep::Woken QueueStep::hand(Transaction& tx, const TicketCaller& caller, std::string_view queueId,
                                 std::int64_t most, Time now) const {
  const auto queues = queues_.in(tx);
  Woken out;
  out.queue = mortise::orNotFound(queues.lock(caller.project.id, queueId), "work_queue_not_found");
  auto& queue = out.queue;
  const auto refuse = [&](json::Value refusal) {
    out.refusal = std::move(refusal);
    return out;
  };
  if (queue.status != QueueStatus::active) return refuse(without("stopped", nameOf(queue.status)));
  // What was handed out and not settled comes again, as it was: whoever had it may have died.
  if (queue.active > 0) {
    for (auto& item : queues.items(queue.id)) {
      if (item.status == QueueItemStatus::active) out.items.push_back(std::move(item));
    }
    if (!out.items.empty()) {
      out.run = out.items.front().openRunId.value_or("");
      return out;
    }
  }
  const auto next = queue.wokenAt ? *queue.wokenAt + std::chrono::seconds(queue.cadenceSeconds) : now;
  if (next > now) return refuse(without("idle", "cadence", next));
  Servable servable;
  adopt(tx, queue, now, servable);
  queues.setWoken(queue.id, now);
  findServable(tx, queue, now, servable);
  queue = mortise::orNotFound(queues.find(caller.project.id, queueId), "work_queue_not_found");
  if (queue.stopCondition == QueueStop::maxTickets && queue.done >= queue.maxTicketsPerRun) servable.items.clear();
  if (servable.items.empty()) {
    return refuse(restOf(queue, servable.waitsForImplementation, servable.isFull,
                         now + std::chrono::seconds(queue.cadenceSeconds)));
  }
  out.run = mortise::makePrefixedId("wqr_");
  const auto count = static_cast<std::size_t>(std::clamp<std::int64_t>(most, 1, queue.maxTicketsPerRun));
  if (servable.items.size() > count) servable.items.resize(count);
  for (auto& item : servable.items) {
    item.status = QueueItemStatus::active;
    item.openDirectiveId = mortise::makePrefixedId("dir_");
    item.openRunId = out.run;
    item.shownAt = tickets_.in(tx).lastOfNext(item.ticketId, item.ackedAt, kCommentsShown);
    // None is shown: those that come from now on are for the next directive.
    if (!item.shownAt) item.shownAt = item.ackedAt.value_or(Time());
    item.nextEligibleAt.reset();
    item.updatedAt = now;
    queues.changeItem(item);
    out.items.push_back(std::move(item));
  }
  queues.count(queue.id);
  changes_.record(tx, {ProjectEvent::queueChanged, queue.projectId, queue.id, "woken", caller.actor.userId});
  return out;
}

json::Value QueueStep::wake(const TicketCaller& caller, std::string_view queueId, std::int64_t most) const {
  const auto now = mortise::now();
  const auto woken = db_.transaction([&](Transaction& tx) { return hand(tx, caller, queueId, most, now); });
  if (woken.items.empty()) return woken.refusal;
  // What they show is read when the queue is free again: an answer that is lost comes with the next wake.
  json::List directives;
  for (const auto& item : woken.items) directives.add(directive(woken.queue, item));
  return answer("ok", json::value(woken.run), directives.build(), {});
}

void QueueStep::check(const Transaction& tx, const TicketCaller& caller, const WorkQueue& queue,
                      const WorkQueueItem& item, const Ticket& ticket, const QueueSettlement& settlement) const {
  if (settlement.ticketLeaseEpoch && *settlement.ticketLeaseEpoch != ticket.leaseEpoch) {
    // Whoever starts the ticket of a directive raises its lease by one, and may still name the directive's. Each service
    // key is somebody else.
    const bool isOwnStart =
        settlement.ticketLeaseEpoch == item.directiveEpoch && ticket.leaseEpoch == *settlement.ticketLeaseEpoch + 1 &&
        ticket.startedByUserId == caller.actor.userId && ticket.workerKeyId == caller.actor.serviceKeyId;
    if (!isOwnStart) throw staleLease(*settlement.ticketLeaseEpoch, ticket.leaseEpoch);
  }
  if (settlement.commentId) {
    const auto comment = tickets_.in(tx).findComment(*settlement.commentId);
    if (!comment || comment->ticketId != ticket.id || comment->authorUserId != caller.actor.userId)
      throw Problem(422, "queue_comment_unknown").field("body/comment_id");
  }
  if (settlement.agentRunId && !runs_.in(tx).find(caller.project.id, *settlement.agentRunId))
    throw Problem(422, "queue_run_unknown").field("body/agent_run_id");
  if (settlement.isFailed) return;
  if (queue.mode == QueueMode::reviewUntilClean) {
    if (settlement.outcome == "posted_review" && !settlement.verdict)
      throw Problem(422, "queue_verdict_missing").field("body/verdict_content", "missing");
    if (settlement.verdict && !reviewHeaderOf(*settlement.verdict))
      throw Problem(422, "queue_verdict_unreadable").field("body/verdict_content");
  }
  if (queue.mode != QueueMode::implementUntilDone) return;
  const bool isHandedOver = ticket.status == TicketStatus::review || isOver(ticket.status);
  if (settlement.outcome == "completed_ticket" && !isHandedOver) throw Problem(409, "queue_writeback_missing");
  if (settlement.outcome == "resolved" && !isOver(ticket.status)) throw Problem(409, "queue_writeback_missing");
}

bool QueueStep::judge(Transaction& tx, const TicketCaller& caller, const WorkQueue& queue, const Ticket& ticket,
                      const QueueSettlement& settlement) const {
  TicketComment comment;
  comment.ticketId = ticket.id;
  comment.content = *settlement.verdict;
  comment.authorPersona = queue.assignedPersona.value_or(kDefaultReviewer);
  if (isReservedPersona(*comment.authorPersona)) comment.authorPersona = kDefaultReviewer;
  // check() has compared the lease that was named: it may be the one before the caller's own start.
  std::optional<std::int64_t> lease;
  if (settlement.ticketLeaseEpoch) lease = ticket.leaseEpoch;
  // The writer's own transaction is a part of this one: a verdict is written once, with the end of its directive.
  tx.call([&] {
    writer_.requireLease(caller, settlement.ticketLeaseEpoch, "body/ticket_lease_epoch");
    writer_.comment(caller, std::move(comment), lease);
  });
  const auto state = tickets_.in(tx).reviewState(ticket.id);
  return state && state->isStrictlyClean();
}

json::Value QueueStep::settle(const TicketCaller& caller, std::string_view queueId,
                              const QueueSettlement& settlement) const {
  const auto now = mortise::now();
  return db_.transaction([&](Transaction& tx) {
    const auto queues = queues_.in(tx);
    const auto queue = mortise::orNotFound(queues.lock(caller.project.id, queueId), "work_queue_not_found");
    auto storedItem = queues.item(queue.id, settlement.itemId);
    if (!storedItem) {
      throw Problem(404, "item_not_found").details(json::object({{"item_id", settlement.itemId}}));
    }
    auto item = *std::move(storedItem);
    const auto told = [&](const char* status, const char* reason) {
      json::Object out;
      out.add("status", status).add("item_status", nameOf(item.status)).add("item_terminal", item.isOver());
      if (reason != nullptr) out.add("reason", reason);
      return out.add("attempts", item.attempts).build();
    };
    if (item.settledDirectiveId == settlement.directiveId)
      return told("idempotent_replay", "directive already settled");
    if (item.openDirectiveId != settlement.directiveId || item.ticketId != settlement.ticketId)
      throw Problem(409, "directive_mismatch").details(json::object({{"item_id", item.id}}));
    const auto ticket = mortise::orNotFound(tickets_.in(tx).find(queue.projectId, item.ticketId), "ticket_not_found");
    check(tx, caller, queue, item, ticket, settlement);
    item.settledDirectiveId = std::exchange(item.openDirectiveId, std::nullopt);
    item.openRunId.reset();
    item.directiveEpoch.reset();
    item.updatedAt = now;
    if (settlement.isFailed) {
      ++item.attempts;
      item.status = item.attempts >= queue.maxAttemptsPerItem ? QueueItemStatus::failed : QueueItemStatus::waiting;
      const auto rest = std::min<std::size_t>(static_cast<std::size_t>(item.attempts), std::size(kRests)) - 1;
      item.nextEligibleAt = now + kRests[rest];
    } else {
      bool isDone = settlement.outcome == "completed_ticket" || settlement.outcome == "resolved";
      if (queue.mode == QueueMode::reviewUntilClean)
        isDone = settlement.verdict && judge(tx, caller, queue, ticket, settlement);
      item.attempts = 0;
      item.status = isDone ? QueueItemStatus::done : QueueItemStatus::waiting;
      if (item.shownAt && *item.shownAt > item.ackedAt.value_or(Time())) item.ackedAt = item.shownAt;
    }
    item.shownAt.reset();
    queues.changeItem(item);
    queues.count(queue.id);
    changes_.record(tx, {ProjectEvent::queueChanged, queue.projectId, queue.id, "settled", caller.actor.userId});
    return told("settled", nullptr);
  });
}

}  // namespace projects
