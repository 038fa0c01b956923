#include "registry/project_removal.hpp"

#include <mortise/time.hpp>

#include <utility>

namespace projects {

ProjectRemoval::ProjectRemoval(const mortise::Host& host, const ProjectChanges& changes,
                               const CapturedSessions& sessions, std::vector<ProjectPart*> parts)
    : projects_(host.db()),
      groups_(host.db()),
      transfers_(host.db()),
      changes_(changes),
      sessions_(sessions),
      parts_(std::move(parts)) {}

bool ProjectRemoval::remove(mortise::Transaction& tx, const Project& project) const {
  if (!projects_.in(tx).lock(project.id)) return false;
  for (auto* part : parts_) part->removed(tx, project.id);
  sessions_.moveProject(tx, project.id, {});
  groups_.in(tx).forgetProject(project.id);
  transfers_.in(tx).projectRemoved(project.id, mortise::now());
  changes_.removed(tx, project.id);
  projects_.in(tx).remove(project.id);
  return true;
}

}  // namespace projects
