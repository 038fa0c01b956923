// /api/v1/projects/{id}/retrieval-audit-contexts and -events, /api/v1/retrieval-audit-contexts.
#pragma once

#include <mortise/db.hpp>
#include <mortise/module.hpp>

#include <string_view>

#include "access/project_access.hpp"
#include "personas/persona_store.hpp"
#include "projects_contract.hpp"
#include "registry/project_part.hpp"
#include "registry/project_store.hpp"
#include "retrieval/retrieval_store.hpp"
#include "tickets/ticket_store.hpp"

namespace projects {

class RetrievalOperations final : public projects_contract::retrieval::RetrievalAudits, public ProjectPart {
 public:
  // `access` must outlive this object.
  RetrievalOperations(mortise::Host host, const ProjectAccess& access);

  void removed(mortise::Transaction& tx, std::string_view projectId) override;
  void merged(mortise::Transaction& tx, ProjectMerge& merge) override;
  void userForgotten(mortise::Transaction& tx, std::string_view userId) override;

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply openRetrievalContext(const Request& request,
                             const projects_contract::retrieval::NewRetrievalContext& body) override;
  Reply recordRetrieval(const Request& request, const projects_contract::retrieval::NewRetrievalEvent& body) override;
  Reply readRetrievals(const Request& request) override;

  // Who opened it, or administers its project.
  bool mayRead(const mortise::Principal& caller, const RetrievalAuditContext& context) const;

  RetrievalStore audits_;
  ProjectStore projects_;
  PersonaStore personas_;
  TicketStore tickets_;
  const ProjectAccess& access_;
};

}  // namespace projects
