#include "retrieval/retrieval_operations.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>

#include <utility>

#include "body_text.hpp"
#include "personas/persona_reach.hpp"
#include "retrieval/returned_refs.hpp"

namespace projects {
namespace {

namespace contract = projects_contract::retrieval;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;
using mortise::Transaction;

constexpr std::int64_t kListed = 1000;

}  // namespace

RetrievalOperations::RetrievalOperations(mortise::Host host, const ProjectAccess& access)
    : audits_(host.db()), projects_(host.db()), personas_(host.db()), tickets_(host.db()), access_(access) {}

void RetrievalOperations::removed(Transaction& tx, std::string_view projectId) {
  audits_.in(tx).removeAllOf(projectId);
}

void RetrievalOperations::merged(Transaction& tx, ProjectMerge& merge) {
  merge.stats["retrieval_audit_contexts"] = audits_.in(tx).moveAll(merge.from, merge.into);
}

void RetrievalOperations::userForgotten(Transaction& tx, std::string_view userId) { audits_.in(tx).forgetUser(userId); }

Reply RetrievalOperations::openRetrievalContext(const Request& request, const contract::NewRetrievalContext& body) {
  const auto project = access_.reach(request).project;
  const auto caller = request.principal();
  RetrievalAuditContext context;
  context.projectId = project.id;
  context.createdBy = caller.userId;
  context.leaseEpoch = body.leaseEpoch.optional();
  context.createdAt = mortise::now();
  context.ticketId = trimmedOrNull(body.ticketId);
  if (context.ticketId && tickets_.heads(project.id, {*context.ticketId}).empty())
    throw Problem(422, "ticket_not_in_project");
  if (const auto name = trimmedOrNull(body.personaName)) {
    const auto persona = personas_.resolve(project.id, personaOrgOf(caller, project), *name);
    if (!persona) throw Problem(422, "persona_not_in_project");
    context.personaName = persona->name;
  }
  context.id = audits_.open(context);
  return Reply::created(json::from(context));
}

Reply RetrievalOperations::recordRetrieval(const Request& request, const contract::NewRetrievalEvent& body) {
  const mortise::Json refs = body.returnedRefs.valueOr(mortise::Json());
  checkReturnedRefs(refs);
  const auto reached = access_.reach(request);
  const auto caller = request.principal();
  const auto context = audits_.find(body.contextId);
  if (!context || context->projectId != reached.project.id) throw Problem(404, "retrieval_context_not_found");
  if (context->createdBy != caller.userId) throw Problem(403, "retrieval_context_not_yours");
  RetrievalAuditEvent event;
  event.contextId = context->id;
  event.projectId = context->projectId;
  event.sessionId = body.sessionId.optional();
  event.toolName = body.toolName;
  event.arguments = keptJson(body.arguments.valueOr(mortise::Json()));
  event.returnedRefs = keptJson(refs);
  event.source = body.source;
  event.callerUserId = caller.userId;
  event.createdAt = mortise::now();
  const auto stored = audits_.add(event);
  if (!stored) throw Problem(409, "retrieval_events_full").with("most", RetrievalStore::kMaxEvents);
  return Reply::created(json::from(*stored));
}

bool RetrievalOperations::mayRead(const mortise::Principal& caller, const RetrievalAuditContext& context) const {
  if (context.createdBy == caller.userId) return true;
  auto project = projects_.find(context.projectId);
  if (!project) return false;
  const auto reached = access_.rightsOf(personOf(caller), std::move(*project));
  return reached && reached->canAdmin;
}

Reply RetrievalOperations::readRetrievals(const Request& request) {
  const auto context = audits_.find(request.path("context_id"));
  if (!context || !mayRead(request.principal(), *context)) throw Problem(404, "retrieval_context_not_found");
  const auto limit = request.query("limit").integer(kListed), after = request.query("after").integer(0);
  const auto events = audits_.events(context->id, after, limit);
  std::optional<std::int64_t> next;
  if (!events.empty() && !audits_.events(context->id, events.back().id, 1).empty()) next = events.back().id;
  return Reply::ok(json::object({{"session_id", nullptr},
                                 {"retrieval_audit_id", context->id},
                                 {"events", json::list(events)},
                                 {"count", events.size()},
                                 {"next_after", next}}));
}

}  // namespace projects
