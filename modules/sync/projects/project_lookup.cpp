#include "projects/project_lookup.hpp"

#include <utility>

namespace session_sharing {

using mortise::DirectoryProject;
using mortise::ProjectReference;

std::optional<std::string> ProjectLookup::idOfSession(std::string_view userId,
                                                      const std::optional<std::string>& gitRemote) const {
  const auto directory = this->directory();
  if (!directory || !gitRemote || gitRemote->empty()) return std::nullopt;
  auto project = directory->ofSession(userId, *gitRemote);
  if (!project) return std::nullopt;
  return std::move(project->id);
}

std::optional<DirectoryProject> ProjectLookup::projectOf(const CapturedSession& session) const {
  const auto directory = this->directory();
  if (!directory) return std::nullopt;
  if (session.projectId) {
    if (auto project = directory->find(*session.projectId)) return project;
  }
  const auto& remote = session.metadata.gitRemote;
  return remote && !remote->empty() ? directory->ofRemote(*remote) : std::nullopt;
}

bool ProjectLookup::reaches(std::string_view userId, std::string_view projectId) const {
  const auto directory = this->directory();
  return directory && directory->reaches(userId, projectId);
}

mortise::ProjectItemAnswer ProjectLookup::item(std::string_view userId, std::string_view projectId,
                                               mortise::ProjectItemKind kind, std::string_view reference) const {
  const auto directory = this->directory();
  return directory ? directory->item(userId, projectId, kind, reference) : mortise::ProjectItemAnswer();
}

bool ProjectLookup::isRetrievalContextOf(std::string_view contextId, std::string_view userId,
                                         std::string_view projectId) const {
  const auto directory = this->directory();
  if (!directory) return false;
  const auto context = directory->retrievalContext(contextId);
  return context && context->userId == userId && context->projectId == projectId;
}

std::vector<mortise::RetrievalEvent> ProjectLookup::retrievalEvents(std::string_view contextId, std::int64_t after,
                                                                    std::int64_t limit) const {
  const auto directory = this->directory();
  return directory ? directory->retrievalEvents(contextId, after, limit) : std::vector<mortise::RetrievalEvent>();
}

void requireProjectOf(const ProjectLookup& projects, const mortise::Principal& caller,
                      const std::optional<CapturedSession>& session) {
  if (!caller.isServiceKey) return;
  if (!session) return mortise::requireDerivedProject(caller, std::nullopt);
  const auto project = projects.projectOf(*session);
  std::vector<ProjectReference> candidates;
  if (project) candidates.push_back({project->id, project->orgId});
  mortise::requireDerivedProject(caller, candidates);
}

}  // namespace session_sharing
