// Tickets of a project over HTTP: what is asked for, and how it is shown. TicketWriter does what changes them.
#pragma once

#include <mortise/db.hpp>
#include <mortise/module.hpp>

#include <optional>
#include <string>
#include <vector>

#include "projects_contract.hpp"
#include "tickets/ticket_access.hpp"
#include "tickets/ticket_context.hpp"
#include "tickets/ticket_graph.hpp"
#include "tickets/ticket_store.hpp"
#include "tickets/ticket_writer.hpp"

namespace projects {

class TicketOperations final : public projects_contract::tickets::Tickets {
 public:
  // All but the host must outlive this object.
  TicketOperations(mortise::Host host, const TicketAccess& access, const TicketWriter& writer);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;
  template <class Body>
  using Maybe = std::optional<Body>;

  Reply listTickets(const Request& request) override;
  Reply createTicket(const Request& request, const projects_contract::tickets::NewTicket& body) override;
  Reply readTicket(const Request& request) override;
  Reply updateTicket(const Request& request, const projects_contract::tickets::TicketChange& body) override;
  Reply startTicket(const Request& request) override;
  Reply completeTicket(const Request& request, const projects_contract::tickets::Completion& body) override;
  Reply resolveTicket(const Request& request, const Maybe<projects_contract::tickets::Resolution>& body) override;
  Reply acceptTicket(const Request& request, const Maybe<projects_contract::tickets::Resolution>& body) override;
  Reply closeIssue(const Request& request) override;
  Reply approveTicket(const Request& request) override;
  Reply escalateTicket(const Request& request, const Maybe<projects_contract::tickets::Escalation>& body) override;
  Reply reopenTicket(const Request& request) override;
  Reply blockTicket(const Request& request) override;
  Reply unblockTicket(const Request& request) override;
  Reply dismissTicket(const Request& request) override;
  Reply listTicketComments(const Request& request) override;
  Reply commentTicket(const Request& request, const projects_contract::tickets::NewTicketComment& body) override;
  Reply readReviewState(const Request& request) override;

  Reply accept(const Request& request, const Maybe<projects_contract::tickets::Resolution>& body) const;
  Reply move(const Request& request, TicketMove move) const;
  mortise::json::Value shown(Ticket ticket) const;

  TicketStore tickets_;
  TicketGraph graph_;
  TicketBriefings briefings_;
  const TicketAccess& access_;
  const TicketWriter& writer_;
};

}  // namespace projects
