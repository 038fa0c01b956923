// /api/v1/projects/{id}/work-queues.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/module.hpp>

#include <optional>
#include <string_view>

#include "changes/project_changes.hpp"
#include "projects_contract.hpp"
#include "tickets/ticket_access.hpp"
#include "tickets/ticket_store.hpp"
#include "tickets/ticket_writer.hpp"
#include "work_queues/queue_step.hpp"
#include "work_queues/work_queue_store.hpp"

namespace projects {

class WorkQueueOperations final : public projects_contract::work_queues::WorkQueues {
 public:
  // `access`, `writer` and `changes` must outlive this object.
  WorkQueueOperations(mortise::Host host, const TicketAccess& access, const TicketWriter& writer,
                      const ProjectChanges& changes);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply listWorkQueues(const Request& request) override;
  Reply createWorkQueue(const Request& request, const projects_contract::work_queues::NewWorkQueue& body) override;
  Reply readWorkQueue(const Request& request) override;
  Reply setWorkQueueStatus(const Request& request,
                           const projects_contract::work_queues::WorkQueueStatusChange& body) override;
  Reply runWorkQueueStep(const Request& request,
                         const std::optional<projects_contract::work_queues::WorkQueueWake>& body) override;
  Reply completeWorkQueueStep(const Request& request,
                              const projects_contract::work_queues::WorkQueueSettlement& body) override;

  // The caller, who may edit the project. Problem 403 project_edit_forbidden.
  TicketCaller editor(const Request& request) const;

  mortise::Db db_;
  mortise::Audit audit_;
  WorkQueueStore queues_;
  TicketStore tickets_;
  QueueStep step_;
  const TicketAccess& access_;
  const ProjectChanges& changes_;
};

}  // namespace projects
