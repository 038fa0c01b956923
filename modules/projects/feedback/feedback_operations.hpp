// /api/v1/projects/ID/agent-feedback: what people and agents say about the work of agents.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/module.hpp>

#include "access/project_access.hpp"
#include "feedback/feedback_store.hpp"
#include "projects_contract.hpp"
#include "runs/run_store.hpp"
#include "tickets/ticket_store.hpp"

namespace projects {

class FeedbackOperations final : public projects_contract::agent_feedback::AgentFeedback {
 public:
  // `access` must outlive this object.
  FeedbackOperations(mortise::Host host, const ProjectAccess& access);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply listFeedback(const Request& request) override;
  Reply giveFeedback(const Request& request, const projects_contract::agent_feedback::NewFeedback& body) override;
  Reply summariseFeedback(const Request& request) override;

  // Problem 422: what it is about must be the project's. Fills the persona.
  void requireTargets(Feedback& feedback) const;

  mortise::Db db_;
  mortise::Audit audit_;
  FeedbackStore feedback_;
  RunStore runs_;
  TicketStore tickets_;
  const ProjectAccess& access_;
};

}  // namespace projects
