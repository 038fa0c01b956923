// Who may do what with the tickets of a project: the one place that every operation on tickets asks.
#pragma once

#include <mortise/host.hpp>
#include <mortise/identity.hpp>
#include <mortise/orgs.hpp>
#include <mortise/request.hpp>

#include <optional>
#include <string>

#include "access/project_access.hpp"
#include "tickets/ticket.hpp"
#include "tickets/ticket_store.hpp"

namespace projects {

// A project whose tickets the caller reaches.
struct TicketCaller {
  Project project;
  TicketActor actor;
  bool isReader = false;  // may not edit the project: only some moves of some tickets
  bool isAdmin = false;   // administers the project; a service key, when the user who made it does
  // The organisation whose personas the caller sees.
  std::optional<std::string> personaOrg;
};

class TicketAccess {
 public:
  // `access` must outlive this object.
  TicketAccess(mortise::Host host, const ProjectAccess& access);

  // The project of the path. Problems as ProjectAccess::reach() with the feature agent_tickets.
  TicketCaller reach(const mortise::Request& request) const;
  // The ticket of the path. Problem 404 ticket_not_found.
  Ticket ticketOf(const mortise::Request& request, const TicketCaller& caller) const;
  // Problem 403 ticket_edit_forbidden unless the caller made the ticket or administers the project.
  static void requireEditor(const TicketCaller& caller, const Ticket& ticket);
  // Problem 403 ticket_move_forbidden, or project_admin_required for close.
  static void requireMover(const TicketCaller& caller, const Ticket& ticket, TicketMove move);

 private:
  mortise::Orgs orgs_;
  TicketStore tickets_;
  const ProjectAccess& access_;
};

}  // namespace projects
