#include "access/reachable_projects.hpp"

#include <mortise/org_role.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace projects {
namespace {

// What is known of each project that may go into the list.
using ProjectsById = std::map<std::string, Project>;

void take(ProjectsById& byId, std::vector<Project> projects) {
  for (auto& project : projects) {
    auto id = project.id;
    byId.emplace(std::move(id), std::move(project));
  }
}

}  // namespace

std::vector<ListedProject> ReachableProjects::of(const mortise::Principal& user, std::size_t most) const {
  const auto limit = static_cast<std::int64_t>(most);
  const std::string userId = user.userId;
  KnownOrgSettings settings(settings_);
  ProjectsById byId;
  take(byId, store_.ofOwner(userId, limit));
  if (!user.orgId.empty()) {
    const std::string orgId = user.orgId;
    const bool seesAll = mortise::roleSuffices(user.orgRole, "admin") || !settings.of(orgId).restrictProjectVisibility;
    take(byId, seesAll ? store_.ofOrg(orgId, limit) : store_.ofGroups(orgId, userId, limit));
  }

  // Those of the user's sessions, by project and by repository.
  const auto places = sessions_.places(userId);
  std::vector<std::string> remotes;
  std::set<std::string> ids;
  for (const auto& place : places) {
    if (!place.projectId.empty()) ids.insert(place.projectId);
    if (!place.gitRemote.empty()) remotes.push_back(place.gitRemote);
  }
  const auto ofRemote = store_.idsOfRemotes(remotes);
  for (const auto& [remote, id] : ofRemote) ids.insert(id);
  for (const auto& [id, project] : byId) ids.erase(id);
  for (auto& project : store_.findAll({ids.begin(), ids.end()})) {
    if (project.mergedInto) continue;
    // What the user may see there as a member is in the list by now.
    if (project.orgId && settings.of(project.orgId).restrictProjectVisibility) continue;
    auto id = project.id;
    byId.emplace(std::move(id), std::move(project));
  }

  std::map<std::string, std::int64_t> counts;
  for (const auto& place : places) {
    const auto ofPlace = ofRemote.find(place.gitRemote);
    const std::string* const byRemote = ofPlace == ofRemote.end() ? nullptr : &ofPlace->second;
    if (!place.projectId.empty()) counts[place.projectId] += place.sessions;
    if (byRemote != nullptr && *byRemote != place.projectId) counts[*byRemote] += place.sessions;
  }

  std::vector<Project> projects;
  for (auto& [id, project] : byId) projects.push_back(std::move(project));
  std::sort(projects.begin(), projects.end(), [](const Project& a, const Project& b) {
    return std::pair(a.updatedAt, std::string_view(a.id)) > std::pair(b.updatedAt, std::string_view(b.id));
  });
  if (projects.size() > most) projects.resize(most);
  std::vector<ListedProject> listed;
  for (auto& reached : access_.rightsInAll(user, std::move(projects), settings)) {
    const auto count = counts.find(reached.project.id);
    listed.push_back({std::move(reached), count == counts.end() ? 0 : count->second});
  }
  return listed;
}

}  // namespace projects
