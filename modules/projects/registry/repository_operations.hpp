// The repositories of a project, and projects that become one.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/limits.hpp>
#include <mortise/log.hpp>
#include <mortise/module.hpp>

#include <string>
#include <string_view>

#include "access/project_access.hpp"
#include "changes/project_changes.hpp"
#include "knowledge/extraction_store.hpp"
#include "projects_contract.hpp"
#include "registry/project_merger.hpp"
#include "registry/project_store.hpp"

namespace projects {

class RepositoryOperations final : public projects_contract::registry::Repositories {
 public:
  // All but the host must outlive this object.
  RepositoryOperations(mortise::Host host, const ProjectAccess& access, const ProjectChanges& changes,
                       const ProjectMerger& merger);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply listRepositories(const Request& request) override;
  Reply linkRepository(const Request& request, const projects_contract::registry::LinkRepositoryBody& body) override;
  Reply unlinkRepository(const Request& request) override;
  Reply mergeProject(const Request& request, const projects_contract::registry::MergeProjectBody& body) override;
  Reply mergeProjectAsAdministrator(const Request& request,
                                    const projects_contract::registry::MergeProjectAsAdministratorBody& body) override;

  // Problem 429 rate_limit.
  void take(std::string_view bucket, std::string_view userId) const;
  Reply merged(const Request& request, const Project& from, const Project& into, std::string_view policy, bool isDryRun,
               const std::string& reason) const;

  mortise::Db db_;
  mortise::Audit audit_;
  mortise::Limits limits_;
  mortise::Log log_;
  ProjectStore projects_;
  ExtractionStore extractions_;
  const ProjectAccess& access_;
  const ProjectChanges& changes_;
  const ProjectMerger& merger_;
};

}  // namespace projects
