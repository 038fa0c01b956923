#include "tickets/ticket_access.hpp"

#include <mortise/problem.hpp>

#include <utility>

#include "personas/persona_reach.hpp"

namespace projects {

using mortise::Problem;
using mortise::Request;

TicketAccess::TicketAccess(mortise::Host host, const ProjectAccess& access)
    : orgs_(host.orgs()), tickets_(host.db()), access_(access) {}

TicketCaller TicketAccess::reach(const Request& request) const {
  const auto principal = request.principal();
  auto reached = access_.reach(request, "agent_tickets");
  TicketCaller caller;
  caller.actor.userId = principal.userId;
  caller.isReader = !reached.canEdit;
  caller.isAdmin = reached.canAdmin;
  if (principal.isServiceKey) {
    caller.actor.serviceKeyId = principal.keyId;
    caller.actor.serviceKeyName = mortise::orNull(principal.keyName);
    // It runs as the user who made it, who may have lost what the key was made with.
    Person person;
    person.userId = principal.userId;
    const auto member = orgs_.membership(principal.userId);
    if (member) {
      person.orgId = member->orgId;
      person.orgRole = member->role;
    }
    const auto rights = access_.rightsOf(person, reached.project);
    caller.isAdmin = rights && rights->canAdmin;
  }
  caller.personaOrg = personaOrgOf(principal, reached.project);
  caller.project = std::move(reached.project);
  return caller;
}

Ticket TicketAccess::ticketOf(const Request& request, const TicketCaller& caller) const {
  return mortise::orNotFound(tickets_.find(caller.project.id, request.path("ticket_id")), "ticket_not_found");
}

void TicketAccess::requireEditor(const TicketCaller& caller, const Ticket& ticket) {
  if (!caller.isAdmin && ticket.createdByUserId != caller.actor.userId) throw Problem(403, "ticket_edit_forbidden");
}

void TicketAccess::requireMover(const TicketCaller& caller, const Ticket& ticket, TicketMove move) {
  if (move == TicketMove::close && !caller.isAdmin) throw Problem(403, "project_admin_required");
  if (caller.isReader && move != TicketMove::close && !allows(readerRuleOf(move), ticket, caller.actor.userId))
    throw Problem(403, "ticket_move_forbidden");
}

}  // namespace projects
