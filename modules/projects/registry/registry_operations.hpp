// /api/v1/projects: projects themselves.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/log.hpp>
#include <mortise/module.hpp>
#include <mortise/orgs.hpp>

#include <string>
#include <string_view>

#include "access/project_access.hpp"
#include "access/reachable_projects.hpp"
#include "changes/project_changes.hpp"
#include "knowledge/extraction_store.hpp"
#include "projects_contract.hpp"
#include "registry/project_removal.hpp"
#include "registry/project_store.hpp"
#include "registry/project_view.hpp"

namespace projects {

class RegistryOperations final : public projects_contract::registry::Projects {
 public:
  // All but the host must outlive this object.
  RegistryOperations(mortise::Host host, const ProjectAccess& access, const CapturedSessions& sessions,
                     const OrgSettings& settings, const ProjectChanges& changes, const ProjectRemoval& removal);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;
  using NewContext = projects_contract::registry::NewContext;

  Reply listProjects(const Request& request) override;
  Reply createProject(const Request& request, const projects_contract::registry::NewProject& body) override;
  Reply readProject(const Request& request) override;
  Reply readProjectOfRemote(const Request& request) override;
  Reply renameProject(const Request& request, const projects_contract::registry::RenameProjectBody& body) override;
  Reply deleteProject(const Request& request) override;
  Reply writeContext(const Request& request, const NewContext& body) override;
  Reply writeContextOfRemote(const Request& request, const NewContext& body) override;
  Reply changeProjectSettings(const Request& request,
                              const projects_contract::registry::ChangeProjectSettingsBody& body) override;

  // The project of a repository. Problem 404 project_not_found; route_not_found below an id.
  ReachedProject ofRemote(const Request& request, std::string_view remote) const;
  Reply shown(const Request& request, const ReachedProject& reached, int status = 200) const;
  Reply write(const Request& request, const ReachedProject& reached, const std::string& text) const;

  mortise::Db db_;
  mortise::Orgs orgs_;
  mortise::Audit audit_;
  mortise::Log log_;
  ProjectStore projects_;
  ExtractionStore extractions_;
  const ProjectAccess& access_;
  const OrgSettings& settings_;
  const ProjectChanges& changes_;
  const ProjectRemoval& removal_;
  ReachableProjects reachable_;
  ProjectView view_;
};

}  // namespace projects
