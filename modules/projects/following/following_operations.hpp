// Following tickets over HTTP.
#pragma once

#include <mortise/db.hpp>
#include <mortise/jobs.hpp>
#include <mortise/module.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "access/project_access.hpp"
#include "following/following_store.hpp"
#include "projects_contract.hpp"
#include "registry/project_store.hpp"
#include "tickets/ticket_access.hpp"
#include "tickets/ticket_store.hpp"

namespace projects {

class FollowingOperations final : public projects_contract::following::TicketFollowing {
 public:
  // All but the host must outlive this object.
  FollowingOperations(mortise::Host host, const ProjectAccess& access, const TicketAccess& tickets);

  // The job: drops notifications of more than 90 days ago.
  void forgetNotifications(mortise::JobRun& run);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply watchTicket(const Request& request, const std::optional<projects_contract::following::Watch>& body) override;
  Reply unwatchTicket(const Request& request) override;
  Reply listTicketNotifications(const Request& request) override;
  Reply readTicketNotifications(const Request& request,
                                const projects_contract::following::ReadNotifications& body) override;
  Reply listTicketUpdates(const Request& request) override;
  Reply acknowledgeTicketUpdates(const Request& request,
                                 const projects_contract::following::Acknowledgement& body) override;

  Ticket ticketOf(const Request& request) const;
  // Those whose tickets the caller reaches now, with their projects and titles.
  std::vector<TicketNotification> visible(const Request& request, std::vector<TicketNotification> notifications,
                                          std::map<std::string, bool>& reached) const;

  mortise::Db db_;
  ProjectStore projects_;
  TicketStore store_;
  FollowingStore following_;
  const ProjectAccess& access_;
  const TicketAccess& tickets_;
};

}  // namespace projects
