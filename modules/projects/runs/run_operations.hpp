// /api/v1/projects/ID/agent-runs: runs of agents in a project.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/metrics.hpp>
#include <mortise/module.hpp>

#include <string>

#include "access/project_access.hpp"
#include "changes/project_changes.hpp"
#include "personas/persona_store.hpp"
#include "projects_contract.hpp"
#include "runs/run_store.hpp"
#include "tickets/ticket_context.hpp"
#include "tickets/ticket_store.hpp"

namespace projects {

class RunOperations final : public projects_contract::agent_runs::AgentRuns {
 public:
  // Both must outlive this object.
  RunOperations(mortise::Host host, const ProjectAccess& access, const ProjectChanges& changes);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply listAgentRuns(const Request& request) override;
  Reply createRun(const Request& request, const projects_contract::agent_runs::NewRun& body) override;
  Reply readRun(const Request& request) override;
  Reply startRun(const Request& request) override;
  Reply completeRun(const Request& request, const projects_contract::agent_runs::RunCompletion& body) override;
  Reply cancelAgentRun(const Request& request) override;
  Reply replayRun(const Request& request, const std::optional<projects_contract::agent_runs::RunReplay>& body) override;
  Reply compareRuns(const Request& request) override;

  // For whoever may change the project; the user behind a service key must reach it, too.
  Project openToRun(const Request& request) const;
  Run runOf(const Request& request, const Project& project, const char* parameter = "run_id") const;
  // The same behind a change: as it is now.
  Run again(const Run& run) const;
  // Problem 422 run_persona_unknown, run_ticket_unknown. Gives the persona's name as it is written.
  void requireReferences(const mortise::Transaction& tx, const Request& request, const Project& project,
                         Run& run) const;
  // Problems: those of requireReferences(); 409 runs_full.
  Run store(const Request& request, const Project& project, Run run, const char* change) const;
  void tell(mortise::Transaction& tx, const Request& request, const Run& run, const char* change) const;

  mortise::Db db_;
  mortise::Audit audit_;
  RunStore runs_;
  PersonaStore personas_;
  TicketStore tickets_;
  TicketBriefings briefings_;
  const ProjectAccess& access_;
  const ProjectChanges& changes_;
  const std::int64_t mostRuns_;
  mortise::Counter created_;
  mortise::Counter passed_;
  mortise::Counter failed_;
};

}  // namespace projects
