#include "tickets/ticket_writer.hpp"

#include <mortise/characters.hpp>
#include <mortise/json.hpp>
#include <mortise/paging.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>
#include <mortise/uuid.hpp>

#include <algorithm>
#include <array>
#include <utility>

#include "tickets/review_state.hpp"
#include "tickets/ticket_lease.hpp"

namespace projects {
namespace {

namespace json = mortise::json;
using mortise::Problem;
using mortise::Request;
using mortise::Time;
using mortise::Transaction;

constexpr std::size_t kLeastAgentDescription = 20;
constexpr std::size_t kMaxNotes = 9000;  // characters of the notes that dependants are told

// What a move is called where it is over.
constexpr std::string_view pastOf(TicketMove move) {
  switch (move) {
    case TicketMove::approve:
      return "approved";
    case TicketMove::dismiss:
      return "dismissed";
    case TicketMove::start:
    case TicketMove::forceStart:
      return "started";
    case TicketMove::block:
      return "blocked";
    case TicketMove::unblock:
      return "unblocked";
    case TicketMove::complete:
      return "completed";
    case TicketMove::resolve:
      return "resolved";
    case TicketMove::reopen:
      return "reopened";
    case TicketMove::close:
      break;
  }
  return "closed";
}

std::string_view summaryOf(TicketMove move) {
  switch (move) {
    case TicketMove::approve:
      return "The ticket was approved";
    case TicketMove::dismiss:
      return "The ticket was dismissed";
    case TicketMove::start:
    case TicketMove::forceStart:
      return "Work on the ticket began";
    case TicketMove::block:
      return "The ticket is blocked";
    case TicketMove::unblock:
      return "The ticket is no longer blocked";
    case TicketMove::complete:
      return "The ticket is ready for review";
    case TicketMove::resolve:
      return "The ticket is done";
    case TicketMove::reopen:
      return "The ticket was opened again";
    case TicketMove::close:
      break;
  }
  return "The issue was closed";
}

// Somebody decided it, and may have to answer for it.
bool isDecision(TicketMove move) {
  return move == TicketMove::approve || move == TicketMove::dismiss || move == TicketMove::resolve ||
         move == TicketMove::close;
}

void requireSize(const Ticket& ticket) {
  std::size_t bytes = ticket.title.size() + ticket.description.size();
  for (const auto* list :
       {&ticket.contextRefs, &ticket.fileRefs, &ticket.relatedSessions, &ticket.acceptanceCriteria}) {
    for (const auto& text : *list) bytes += text.size();
  }
  if (bytes > TicketWriter::kMaxBytes)
    throw Problem(422, "ticket_too_large").with("most", TicketWriter::kMaxBytes / 1024);
}

TicketComment systemComment(const Ticket& ticket, const TicketActor& actor, std::string text, Time at) {
  TicketComment comment;
  comment.ticketId = ticket.id;
  comment.authorUserId = actor.userId;
  comment.authorPersona = kSystemPersona;
  comment.content = std::move(text);
  comment.createdAt = at;
  return comment;
}

void sign(TicketComment& comment, const TicketActor& actor) {
  comment.actorType = actor.type();
  comment.serviceKeyId = actor.serviceKeyId;
  comment.serviceKeyName = actor.serviceKeyName;
}

}  // namespace

TicketWriter::TicketWriter(mortise::Host host, const OrgSettings& settings, const ProjectChanges& changes,
                           const TicketNotifier& notifier)
    : db_(host.db()),
      audit_(host.audit()),
      tickets_(db_),
      graph_(db_),
      personas_(db_),
      retrieval_(db_),
      reviewers_(db_),
      settings_(settings),
      changes_(changes),
      notifier_(notifier),
      created_(host.metrics().counter("tickets_created_total", "Tickets that were made")),
      moved_(host.metrics().counter("ticket_moves_total", "Moves of tickets", {{"outcome", "done"}})),
      refused_(host.metrics().counter("ticket_moves_total", "Moves of tickets", {{"outcome", "refused"}})),
      unblocked_(host.metrics().counter("tickets_unblocked_total", "Tickets whose dependencies were done")) {}

void TicketWriter::record(Transaction& tx, const TicketCaller& caller, std::string_view ticketId,
                          std::string_view change) const {
  changes_.record(tx, {ProjectEvent::ticketChanged, caller.project.id, ticketId, change, caller.actor.userId});
}

std::optional<std::string> TicketWriter::spelled(const TicketCaller& caller,
                                                 const std::optional<std::string>& assignee) const {
  if (!assignee) return assignee;
  const auto persona = personas_.resolve(caller.project.id, caller.personaOrg, *assignee);
  return persona ? persona->name : *assignee;
}

Ticket TicketWriter::create(const TicketCaller& caller, Ticket ticket) const {
  const bool isIssue = ticket.kind == TicketKind::issue;
  const bool isGated = !isIssue && ticket.source == TicketSource::agent;
  if (isIssue && !caller.isAdmin) throw Problem(403, "project_admin_required");
  if (isIssue && ticket.parentTicketId) throw Problem(400, "ticket_issue_has_parent");
  if (isGated && (ticket.acceptanceCriteria.empty() ||
                  mortise::characterCount(mortise::trimmed(ticket.description)) < kLeastAgentDescription))
    throw Problem(400, "ticket_agent_gate").with("least", kLeastAgentDescription);
  requireSize(ticket);
  ticket.id = mortise::makePrefixedId("tk_");
  ticket.projectId = caller.project.id;
  ticket.status = isGated ? TicketStatus::suggested : TicketStatus::open;
  ticket.createdByUserId = caller.actor.userId;
  ticket.actorType = caller.actor.type();
  ticket.serviceKeyId = caller.actor.serviceKeyId;
  ticket.serviceKeyName = caller.actor.serviceKeyName;
  ticket.assignedTo = spelled(caller, ticket.assignedTo);
  ticket.dependsOn = distinct(ticket.dependsOn);
  db_.transaction([&](Transaction& tx) {
    const auto store = tickets_.in(tx);
    if (!ticket.dependsOn.empty()) TicketGraph::lock(tx, caller.project.id);
    if (ticket.parentTicketId) {
      tx.lock("projects.issue:" + *ticket.parentTicketId);
      const auto parent = store.find(caller.project.id, *ticket.parentTicketId);
      if (!parent || parent->kind != TicketKind::issue)
        throw Problem(422, "ticket_parent_unknown").field("body/parent_ticket_id");
      if (store.childCount(parent->id) >= kMaxChildren)
        throw Problem(409, "ticket_children_full").with("most", kMaxChildren);
    }
    if (isGated && ticket.createdBySessionId) {
      tx.lock("projects.agent_tickets:" + caller.actor.userId + ":" + *ticket.createdBySessionId);
      if (store.agentCount(caller.actor.userId, *ticket.createdBySessionId) >= kMaxAgentTickets)
        throw Problem(429, "agent_tickets_full").with("most", kMaxAgentTickets);
    }
    ticket.createdAt = ticket.updatedAt = mortise::now();
    store.add(ticket);
    if (!ticket.dependsOn.empty()) graph_.in(tx).set(caller.project.id, ticket.id, ticket.dependsOn, true);
    notifier_.made(tx, ticket, caller.actor);
    if (ticket.status == TicketStatus::open) {
      handOver(tx, caller, ticket, ticket.createdAt);
    } else {
      notifier_.assigned(tx, caller.project, ticket, ticket.createdAt);
    }
    record(tx, caller, ticket.id, "created");
  });
  created_.add();
  return ticket;
}

void TicketWriter::handOver(Transaction& tx, const TicketCaller& caller, const Ticket& ticket, Time at) const {
  if (!ticket.assignedTo) return;
  TicketNews news{NotificationKind::assignment, "The ticket was assigned", caller.actor, at};
  news.turnOf = notifier_.assigned(tx, caller.project, ticket, at);
  notifier_.tell(tx, {ticket.id}, news);
}

Ticket TicketWriter::change(const TicketCaller& caller, const Ticket& before, TicketChange change,
                            const std::optional<std::int64_t>& leaseEpoch) const {
  TicketAccess::requireEditor(caller, before);
  if (change.assignedTo && !change.assignedTo->empty()) change.assignedTo = spelled(caller, change.assignedTo);
  if (change.dependsOn) change.dependsOn = distinct(*change.dependsOn);
  return db_.transaction([&](Transaction& tx) {
    const auto store = tickets_.in(tx);
    if (change.dependsOn) TicketGraph::lock(tx, caller.project.id);
    const bool isLocked = store.lock(caller.project.id, before.id, leaseEpoch);
    auto ticket = mortise::orNotFound(store.find(caller.project.id, before.id), "ticket_not_found");
    if (!isLocked) throw staleLease(*leaseEpoch, ticket.leaseEpoch);
    auto edits = apply(change, ticket);
    if (edits.empty()) return ticket;
    requireSize(ticket);
    const auto isOf = [](std::string_view name) {
      return [name](const TicketEdit& edit) { return edit.fieldName == name; };
    };
    if (std::any_of(edits.begin(), edits.end(), isOf("depends_on")))
      graph_.in(tx).set(caller.project.id, ticket.id, ticket.dependsOn, false);
    ticket.updatedAt = mortise::now();
    store.change(ticket);
    const bool isReassigned = std::any_of(edits.begin(), edits.end(), isOf("assigned_to"));
    auto comment = systemComment(ticket, caller.actor, editText(edits, leaseEpoch.has_value()), ticket.updatedAt);
    addEdits(tx, caller, ticket, std::move(edits), std::move(comment), leaseEpoch);
    if (isReassigned) handOver(tx, caller, ticket, ticket.updatedAt);
    record(tx, caller, ticket.id, "updated");
    return ticket;
  });
}

void TicketWriter::addEdits(Transaction& tx, const TicketCaller& caller, const Ticket& ticket,
                            std::vector<TicketEdit> edits, TicketComment comment,
                            const std::optional<std::int64_t>& leaseEpoch) const {
  const auto store = tickets_.in(tx);
  for (auto& edit : edits) {
    edit.id = mortise::makePrefixedId("te_");
    edit.editedByUserId = caller.actor.userId;
    edit.editedAt = ticket.updatedAt;
    edit.leaseEpoch = leaseEpoch;
  }
  store.addEdits(edits);
  comment.id = mortise::makePrefixedId("tc_");
  sign(comment, caller.actor);
  if (!store.comment(comment, {})) throw Problem(409, "ticket_comments_full").with("most", TicketStore::kMaxComments);
}

Ticket TicketWriter::escalate(const TicketCaller& caller, const Ticket& before,
                              const std::optional<std::string>& reason) const {
  TicketAccess::requireEditor(caller, before);
  return db_.transaction([&](Transaction& tx) {
    const auto store = tickets_.in(tx);
    store.lock(caller.project.id, before.id, {});
    auto ticket = mortise::orNotFound(store.find(caller.project.id, before.id), "ticket_not_found");
    if (ticket.priority == TicketPriority::critical) throw Problem(400, "ticket_most_urgent");
    const auto was = mortise::detail::nameOf(ticket.priority);
    TicketChange change;
    change.priority = static_cast<TicketPriority>(static_cast<int>(ticket.priority) + 1);
    auto edits = apply(change, ticket);
    ticket.updatedAt = mortise::now();
    store.change(ticket);
    TicketComment comment;
    comment.ticketId = ticket.id;
    comment.authorUserId = caller.actor.userId;
    comment.content =
        "Escalated from " + std::string(was) + " to " + std::string(mortise::detail::nameOf(ticket.priority)) + ".";
    if (reason) comment.content.append("\n\n").append(*reason);
    comment.createdAt = ticket.updatedAt;
    addEdits(tx, caller, ticket, std::move(edits), std::move(comment), {});
    notifier_.tell(tx, {ticket.id},
                   {NotificationKind::status, "The ticket was escalated", caller.actor, ticket.updatedAt});
    record(tx, caller, ticket.id, "escalated");
    return ticket;
  });
}

void TicketWriter::requireLease(const TicketCaller& caller, const std::optional<std::int64_t>& leaseEpoch,
                                std::string field) const {
  if (!leaseEpoch && settings_.of(caller.project.orgId).requireLeaseEpoch)
    throw Problem(422, "lease_epoch_required").field(std::move(field), "missing");
}

// Whoever reviews tickets with a key does not work on them with the same one.
void TicketWriter::requireNoReviewer(const TicketCaller& caller) const {
  if (caller.actor.serviceKeyId && reviewers_.reviews(caller.project, *caller.actor.serviceKeyId))
    throw Problem(409, "sod_mutual_exclusion");
}

void TicketWriter::explain(const TicketCaller& caller, std::string_view ticketId, const TicketStep& step) const {
  const auto ticket = mortise::orNotFound(tickets_.find(caller.project.id, ticketId), "ticket_not_found");
  TicketAccess::requireMover(caller, ticket, step.move);
  if (step.leaseEpoch && *step.leaseEpoch != ticket.leaseEpoch) throw Problem(409, "ticket_lease_stale");
  if (isLegal(step.move, ticket.kind, ticket.status)) return;
  throw Problem(refusalOf(step.move), "ticket_move_illegal")
      .with("kind", std::string(mortise::detail::nameOf(ticket.kind)))
      .with("status", std::string(mortise::detail::nameOf(ticket.status)));
}

Ticket TicketWriter::moveAnd(const TicketCaller& caller, const Ticket& before, const TicketStep& step,
                             const TicketCompletion* completion,
                             const std::function<void(Transaction&, const Ticket&)>& rest) const {
  constexpr int kTries = 5;
  for (int tries = 0; tries < kTries; ++tries) {
    const auto moved = db_.transaction([&](Transaction& tx) -> std::optional<Ticket> {
      const auto store = tickets_.in(tx);
      if (step.move == TicketMove::resolve) TicketGraph::lock(tx, caller.project.id);
      if (!store.move(caller.project.id, before.id, step, completion)) return std::nullopt;
      auto ticket = store.find(caller.project.id, before.id);
      if (ticket) rest(tx, *ticket);
      return ticket;
    });
    if (moved) {
      moved_.add();
      return *moved;
    }
    try {
      explain(caller, before.id, step);
    } catch (const Problem&) {
      refused_.add();
      throw;
    }
  }
  throw Problem(503, "unavailable").retryAfter(1).note("the ticket moves faster than it can be followed");
}

Ticket TicketWriter::move(const Request& request, const TicketCaller& caller, const Ticket& before, TicketMove move,
                          const std::optional<std::int64_t>& leaseEpoch, const TicketCompletion* completion) const {
  if (move == TicketMove::close && before.kind == TicketKind::task) throw Problem(400, "ticket_is_no_issue");
  TicketAccess::requireMover(caller, before, move);
  if (move == TicketMove::complete || move == TicketMove::resolve) requireLease(caller, leaseEpoch);
  if (move == TicketMove::complete) requireNoReviewer(caller);
  TicketStep step;
  step.move = move;
  step.caller = caller.actor.userId;
  step.serviceKeyId = caller.actor.serviceKeyId;
  step.isReader = caller.isReader;
  step.leaseEpoch = leaseEpoch;
  step.at = mortise::now();
  return moveAnd(caller, before, step, completion, [&](Transaction& tx, const Ticket& ticket) {
    if (move == TicketMove::resolve) tellDependents(tx, caller, ticket, step.at);
    if (ticket.status != TicketStatus::inProgress && ticket.status != TicketStatus::blocked)
      retrieval_.in(tx).close(ticket.id, step.at);
    tellMove(tx, caller, ticket, move, step.at);
    if (isDecision(move)) {
      audit_.in(tx).record(request, "projects.ticket_" + std::string(pastOf(move)), "ticket:" + ticket.id,
                           json::object({{"project_id", ticket.projectId}}));
    }
    record(tx, caller, ticket.id, pastOf(move));
  });
}

StartedTicket TicketWriter::start(const TicketCaller& caller, const Ticket& before, bool force) const {
  TicketStep step;
  step.move = force ? TicketMove::forceStart : TicketMove::start;
  TicketAccess::requireMover(caller, before, step.move);
  requireNoReviewer(caller);
  const auto personaOf = [&](const PersonaStore& personas, const Ticket& ticket) -> std::optional<Persona> {
    if (!ticket.assignedTo) return std::nullopt;
    auto persona = personas.resolve(caller.project.id, caller.personaOrg, *ticket.assignedTo);
    if (!persona) throw Problem(400, "ticket_persona_unknown").with("name", *ticket.assignedTo);
    return persona;
  };
  personaOf(personas_, before);
  step.caller = caller.actor.userId;
  step.serviceKeyId = caller.actor.serviceKeyId;
  step.isReader = caller.isReader;
  step.at = mortise::now();
  StartedTicket out;
  out.ticket = moveAnd(caller, before, step, nullptr, [&](Transaction& tx, const Ticket& ticket) {
    // By now it may be assigned to another one.
    out.persona = personaOf(personas_.in(tx), ticket);
    RetrievalAuditContext context;
    context.projectId = caller.project.id;
    context.ticketId = ticket.id;
    if (out.persona) context.personaName = out.persona->name;
    context.leaseEpoch = ticket.leaseEpoch;
    context.createdBy = caller.actor.userId;
    context.createdAt = step.at;
    out.retrievalContextId = retrieval_.in(tx).open(context);
    tellMove(tx, caller, ticket, step.move, step.at);
    record(tx, caller, ticket.id, pastOf(step.move));
  });
  return out;
}

void TicketWriter::tellMove(Transaction& tx, const TicketCaller& caller, const Ticket& ticket, TicketMove move,
                            Time at) const {
  TicketNews news{NotificationKind::status, summaryOf(move), caller.actor, at};
  if (move == TicketMove::complete) news.turnOf = ticket.createdByUserId;
  if (move == TicketMove::approve || move == TicketMove::reopen)
    news.turnOf = notifier_.assigned(tx, caller.project, ticket, at);
  notifier_.tell(tx, {ticket.id}, news);
}

// All of it in the transaction of the move: a ticket is done once, so its dependants are told once, and a crash leaves
// either all of them told or the ticket in review. TicketGraph::kMaxDependents bounds it.
void TicketWriter::tellDependents(Transaction& tx, const TicketCaller& caller, const Ticket& ticket, Time at) const {
  const auto store = tickets_.in(tx);
  const auto graph = graph_.in(tx);
  const auto waiting = graph.waiting(caller.project.id, ticket.id);
  if (waiting.empty()) return;
  TicketComment comment;
  comment.authorUserId = ticket.resolverUserId.value_or(caller.actor.userId);
  if (ticket.assignedTo && !isReservedPersona(*ticket.assignedTo)) comment.authorPersona = ticket.assignedTo;
  comment.content = "Done: " + ticket.title + " (" + ticket.id + ")";
  if (ticket.completionNotes && !ticket.completionNotes->empty())
    comment.content.append("\n\n").append(shortened(*ticket.completionNotes, kMaxNotes));
  comment.createdAt = at;
  sign(comment, caller.actor);
  store.commentEach(comment, waiting);
  // Each of them is locked by its comment now, but for those that are full.
  if (!ticket.knowledgeEntryIds.empty()) store.addReferences(waiting, ticket.knowledgeEntryIds, at);
  const auto unblocked = graph.unblock(caller.project.id, ticket.id, at);
  if (unblocked.empty()) return;
  unblocked_.add(static_cast<double>(unblocked.size()));
  notifier_.tell(tx, unblocked,
                 {NotificationKind::dependencyUnblocked, "What the ticket waited for is done", caller.actor, at});
  changes_.recordEach(tx, {ProjectEvent::ticketChanged, caller.project.id, {}, "unblocked", caller.actor.userId},
                      unblocked);
}

TicketComment TicketWriter::comment(const TicketCaller& caller, TicketComment comment,
                                    const std::optional<std::int64_t>& leaseEpoch) const {
  requireLease(caller, leaseEpoch);
  if (comment.authorPersona && isReservedPersona(*comment.authorPersona))
    throw Problem(422, "ticket_persona_reserved").field("body/author_persona");
  comment.id = mortise::makePrefixedId("tc_");
  comment.authorUserId = caller.actor.userId;
  comment.createdAt = mortise::now();
  sign(comment, caller.actor);
  const auto header = reviewHeaderOf(comment.content);
  return db_.transaction([&](Transaction& tx) {
    const auto store = tickets_.in(tx);
    auto written = comment;
    written.verdictTrusted = !caller.isReader && written.authorPersona &&
                             reviewers_.in(tx).isTrusted(caller.project, caller.actor, *written.authorPersona);
    const bool isWritten = store.comment(written, leaseEpoch);
    const auto ticket = mortise::orNotFound(store.find(caller.project.id, written.ticketId), "ticket_not_found");
    if (!isWritten) {
      if (leaseEpoch && *leaseEpoch != ticket.leaseEpoch) throw Problem(409, "ticket_lease_stale");
      throw Problem(409, "ticket_comments_full").with("most", TicketStore::kMaxComments);
    }
    const bool isVerdict = written.verdictTrusted && header;
    TicketNews news{isVerdict ? NotificationKind::reviewVerdict : NotificationKind::comment,
                    isVerdict ? "A review came to a verdict" : "Somebody commented on the ticket", caller.actor,
                    written.createdAt};
    if (isVerdict)
      news.turnOf = header->isClean ? std::optional(ticket.createdByUserId)
                                    : notifier_.assigned(tx, caller.project, ticket, written.createdAt);
    notifier_.tell(tx, {ticket.id}, news);
    record(tx, caller, ticket.id, "commented");
    return written;
  });
}

}  // namespace projects
