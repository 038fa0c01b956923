#include "tickets/ticket_operations.hpp"

#include <mortise/json.hpp>
#include <mortise/paging.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>

#include <algorithm>
#include <utility>

#include "body_text.hpp"
#include "list_page.hpp"

namespace projects {
namespace {

namespace contract = projects_contract::tickets;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;

constexpr std::size_t kMaxListed = 500;
constexpr std::size_t kRecentComments = 10;
constexpr std::size_t kMaxComments = 200;

std::vector<std::string> listOf(const mortise::BodyMember<std::vector<std::string>>& member) {
  return member.valueOr(std::vector<std::string>());
}

// Without an offset it is UTC. Problem 422.
std::optional<mortise::Time> timeOf(const std::optional<mortise::Text>& text) {
  if (!text) return std::nullopt;
  auto time = mortise::parseTime(*text);
  if (!time) time = mortise::parseTime(text->string() + "Z");
  if (!time) throw Problem(422, "since_unreadable").field("query/since");
  return time;
}

json::Object objectOf(const Ticket& ticket) {
  auto object = json::from(ticket);
  object.add("jira", nullptr).add("jira_publish_in_progress", false).add("jira_publish_unknown", false);
  return object;
}

}  // namespace

TicketOperations::TicketOperations(mortise::Host host, const TicketAccess& access, const TicketWriter& writer)
    : tickets_(host.db()), graph_(host.db()), briefings_(host.db()), access_(access), writer_(writer) {}

json::Value TicketOperations::shown(Ticket ticket) const {
  std::vector<Ticket> one;
  one.push_back(std::move(ticket));
  tickets_.fillChildren(one);
  return objectOf(one.front()).build();
}

Reply TicketOperations::listTickets(const Request& request) {
  const auto caller = access_.reach(request);
  TicketFilter filter;
  const auto kind = request.query("kind").text();
  const auto status = request.query("status").text();
  const auto priority = request.query("priority").text();
  TicketKind knownKind{};
  TicketStatus knownStatus{};
  TicketPriority knownPriority{};
  if (kind) {
    if (!mortise::detail::readName(*kind, knownKind)) throw Problem(400, "ticket_kind_unknown");
    filter.kind = knownKind;
  }
  const auto after = placeOf(request.query("cursor").text());
  if ((status && !mortise::detail::readName(*status, knownStatus)) ||
      (priority && !mortise::detail::readName(*priority, knownPriority)))
    return Reply::ok(json::list());
  if (status) filter.status = knownStatus;
  if (priority) filter.priority = knownPriority;
  if (const auto assignee = request.query("assigned_to").text()) filter.assignedTo = assignee->string();
  const auto limit = static_cast<std::size_t>(request.query("limit").integer(kMaxListed));
  auto page = tickets_.list(caller.project.id, filter, after, limit, kMaxListedBytes);
  request.stopIfExpired();
  tickets_.fillChildren(page.tickets);
  auto reply = Reply::ok(json::list(page.tickets, [](const Ticket& ticket) { return objectOf(ticket).build(); }));
  if (page.next) reply.header("X-Next-Cursor", placeText(*page.next));
  return reply;
}

Reply TicketOperations::createTicket(const Request& request, const contract::NewTicket& body) {
  const auto caller = access_.reach(request);
  Ticket ticket;
  ticket.title = mortise::trimmed(body.title);
  ticket.description = body.description.valueOr("");
  ticket.priority = namedOrNull<TicketPriority>(body.priority).value_or(TicketPriority::medium);
  ticket.assignedTo = trimmedOrNull(body.assignedTo);
  ticket.contextRefs = listOf(body.contextRefs);
  ticket.fileRefs = listOf(body.fileRefs);
  ticket.relatedSessions = listOf(body.relatedSessions);
  ticket.acceptanceCriteria = listOf(body.acceptanceCriteria);
  ticket.dependsOn = listOf(body.dependsOn);
  ticket.source = namedOrNull<TicketSource>(body.source).value_or(TicketSource::human);
  ticket.createdBySessionId = trimmedOrNull(body.createdBySessionId);
  ticket.createdByPersona = trimmedOrNull(body.createdByPersona);
  ticket.kind = namedOrNull<TicketKind>(body.kind).value_or(TicketKind::task);
  ticket.parentTicketId = trimmedOrNull(body.parentTicketId);
  return Reply::created(shown(writer_.create(caller, std::move(ticket))));
}

Reply TicketOperations::readTicket(const Request& request) {
  std::vector<Ticket> one = {access_.ticketOf(request, access_.reach(request))};
  tickets_.fillChildren(one);
  auto comments = tickets_.newestComments(one.front().id, kRecentComments);
  std::reverse(comments.begin(), comments.end());
  return Reply::ok(objectOf(one.front())
                       .add("dependents", json::list(graph_.dependents(one.front().id)))
                       .add("recent_comments", json::list(comments))
                       .build());
}

Reply TicketOperations::updateTicket(const Request& request, const contract::TicketChange& body) {
  const auto caller = access_.reach(request);
  const auto ticket = access_.ticketOf(request, caller);
  TicketChange change;
  if (body.title.has()) change.title = mortise::trimmed(*body.title);
  change.description = body.description.optional();
  change.priority = namedOrNull<TicketPriority>(body.priority);
  if (body.assignedTo.has()) change.assignedTo = mortise::trimmed(*body.assignedTo);
  change.contextRefs = body.contextRefs.optional();
  change.fileRefs = body.fileRefs.optional();
  change.relatedSessions = body.relatedSessions.optional();
  change.acceptanceCriteria = body.acceptanceCriteria.optional();
  change.dependsOn = body.dependsOn.optional();
  if (change.isEmpty()) throw Problem(400, "ticket_change_empty");
  return Reply::ok(shown(writer_.change(caller, ticket, std::move(change), body.leaseEpoch.optional())));
}

Reply TicketOperations::startTicket(const Request& request) {
  const auto caller = access_.reach(request);
  auto started = writer_.start(caller, access_.ticketOf(request, caller), request.query("force").boolean(false));
  std::string context;
  if (started.persona) context.append(personaText(*started.persona)).append(kContextRule);
  context.append(ticketText(briefings_.of(started.ticket)));
  std::optional<std::string> personaName;
  if (started.persona) personaName = started.persona->name;
  return Reply::ok(json::object(
      {{"ticket", shown(std::move(started.ticket))},
       {"compiled_context", cutContext(std::move(context), contextBudget(request.query("tool").text("generic")))},
       {"retrieval_audit_id", started.retrievalContextId},
       {"persona_name", personaName}}));
}

Reply TicketOperations::completeTicket(const Request& request, const contract::Completion& body) {
  const auto caller = access_.reach(request);
  const auto ticket = access_.ticketOf(request, caller);
  TicketCompletion completion;
  completion.notes = body.notes;
  completion.changedFiles = listOf(body.changedFiles);
  completion.knowledgeEntryIds = listOf(body.knowledgeEntryIds);
  completion.resolverSessionId = trimmedOrNull(body.resolverSessionId);
  return Reply::ok(
      shown(writer_.move(request, caller, ticket, TicketMove::complete, body.leaseEpoch.optional(), &completion)));
}

Reply TicketOperations::accept(const Request& request, const Maybe<contract::Resolution>& body) const {
  const auto caller = access_.reach(request);
  const auto ticket = access_.ticketOf(request, caller);
  auto lease = request.query("lease_epoch").integer();
  if (!lease && body) lease = body->leaseEpoch.optional();
  return Reply::ok(shown(writer_.move(request, caller, ticket, TicketMove::resolve, lease)));
}

Reply TicketOperations::resolveTicket(const Request& request, const Maybe<contract::Resolution>& body) {
  return accept(request, body);
}

Reply TicketOperations::acceptTicket(const Request& request, const Maybe<contract::Resolution>& body) {
  return accept(request, body);
}

Reply TicketOperations::move(const Request& request, TicketMove move) const {
  const auto caller = access_.reach(request);
  return Reply::ok(shown(writer_.move(request, caller, access_.ticketOf(request, caller), move)));
}

Reply TicketOperations::closeIssue(const Request& request) { return move(request, TicketMove::close); }
Reply TicketOperations::approveTicket(const Request& request) { return move(request, TicketMove::approve); }
Reply TicketOperations::reopenTicket(const Request& request) { return move(request, TicketMove::reopen); }
Reply TicketOperations::blockTicket(const Request& request) { return move(request, TicketMove::block); }
Reply TicketOperations::unblockTicket(const Request& request) { return move(request, TicketMove::unblock); }
Reply TicketOperations::dismissTicket(const Request& request) { return move(request, TicketMove::dismiss); }

Reply TicketOperations::escalateTicket(const Request& request, const Maybe<contract::Escalation>& body) {
  const auto caller = access_.reach(request);
  const auto ticket = access_.ticketOf(request, caller);
  std::optional<std::string> reason;
  if (body) reason = trimmedOrNull(body->reason);
  return Reply::ok(shown(writer_.escalate(caller, ticket, reason)));
}

Reply TicketOperations::listTicketComments(const Request& request) {
  const auto ticket = access_.ticketOf(request, access_.reach(request));
  const auto since = timeOf(request.query("since").text());
  std::optional<std::string> sinceId;
  if (const auto id = request.query("since_id").text()) sinceId = id->string();
  const auto limit = static_cast<std::size_t>(request.query("limit").integer(kMaxComments));
  return Reply::ok(json::list(tickets_.comments(ticket.id, since, sinceId, limit)));
}

Reply TicketOperations::commentTicket(const Request& request, const contract::NewTicketComment& body) {
  const auto caller = access_.reach(request);
  const auto ticket = access_.ticketOf(request, caller);
  TicketComment comment;
  comment.ticketId = ticket.id;
  comment.authorPersona = trimmedOrNull(body.authorPersona);
  comment.content = mortise::trimmed(body.content);
  comment.sessionId = trimmedOrNull(body.sessionId);
  // Not by a pattern: those match no text of more than 16 KiB.
  if (comment.content.empty())
    throw Problem(422, "validation_failed").field("body/content", "string_too_short", {{"min_length", "1"}});
  if (body.sendToJira.valueOr(false)) throw Problem(409, "jira_comment_sync_off");
  return Reply::created(json::from(writer_.comment(caller, std::move(comment), body.leaseEpoch.optional())).build());
}

Reply TicketOperations::readReviewState(const Request& request) {
  const auto ticket = access_.ticketOf(request, access_.reach(request));
  const auto state = tickets_.reviewState(ticket.id);
  return Reply::ok(json::object({{"ticket_id", ticket.id}, {"review_state", state ? state->json() : json::Value()}}));
}

}  // namespace projects
