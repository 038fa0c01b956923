#include "access/project_access.hpp"

#include <mortise/json.hpp>
#include <mortise/org_role.hpp>
#include <mortise/problem.hpp>
#include <mortise/service_key.hpp>
#include <mortise/tier.hpp>

#include <map>
#include <utility>
#include <vector>

namespace projects {
namespace {

using mortise::Principal;
using mortise::Problem;
using mortise::Request;
using mortise::roleSuffices;
namespace json = mortise::json;

// The kernel's details of upgrade_required, and whose plan it is about.
std::string withPlan(std::string details, const Project& project) {
  if (details.size() < 3 || details.back() != '}') details = "{\"feature\":null}";
  details.pop_back();
  return details.append(R"(,"plan_scope":"project","project_id":)").append(json::quoted(project.id)).append("}");
}

bool isOrgAdmin(const Person& person, const Project& project) {
  return project.orgId && person.orgId == *project.orgId && roleSuffices(person.orgRole, "admin");
}

// What the user is now, without a request. Borrows from `member`.
Person personOf(std::string_view userId, const std::optional<mortise::Member>& member) {
  Person person;
  person.userId = userId;
  if (member) {
    person.orgId = member->orgId;
    person.orgRole = member->role;
  }
  return person;
}

}  // namespace

bool administers(const Person& person, const Project& project) {
  return person.userId == project.ownerId || isOrgAdmin(person, project);
}

void requireUnmerged(const Project& project) {
  if (!project.mergedInto) return;
  throw Problem(410, "project_merged").details(json::object({{"merged_into", *project.mergedInto}}));
}

Person personOf(const Principal& caller) {
  return {caller.userId, caller.orgId, caller.orgRole, caller.tier == mortise::kAdministratorTier};
}

ProjectAccess::ProjectAccess(mortise::Host host, const CapturedSessions& sessions, const OrgSettings& settings)
    : identity_(host.identity()),
      orgs_(host.orgs()),
      projects_(host.db()),
      groups_(host.db()),
      sessions_(sessions),
      settings_(settings) {}

ReachedProject ProjectAccess::reach(const Request& request, std::string_view feature) const {
  auto project = projects_.find(request.path("project_id"));
  if (!project) throw Problem(404, "project_not_found");
  auto reached = reach(request.principal(), std::move(*project));
  if (!feature.empty()) requireFeature(reached.project, feature);
  return reached;
}

ReachedProject ProjectAccess::reach(const Principal& caller, Project project) const {
  if (caller.isServiceKey) {
    mortise::requireProject(caller, {project.id, project.orgId ? std::string_view(*project.orgId) : ""});
    requireUnmerged(project);
    return {std::move(project), true, false, false, false};
  }
  auto reached = rightsOf(personOf(caller), std::move(project));
  if (!reached) throw Problem(403, "project_forbidden");
  requireUnmerged(reached->project);
  return std::move(*reached);
}

ReachedProject ProjectAccess::reachToEdit(const Request& request, std::string_view feature) const {
  auto reached = reach(request, feature);
  if (!reached.canEdit) throw Problem(403, "project_edit_forbidden");
  return reached;
}

ReachedProject ProjectAccess::reachToAdminister(const Request& request, std::string_view feature) const {
  auto reached = reach(request, feature);
  if (!reached.canAdmin) throw Problem(403, "project_admin_required");
  return reached;
}

ProjectAccess::Membership ProjectAccess::membershipOf(const Person& person, const Project& project,
                                                      const std::function<bool()>& restricts,
                                                      const std::function<std::optional<GroupRole>()>& role) const {
  if (administers(person, project)) return {true, true, false};
  const bool isMember = project.orgId && person.orgId == *project.orgId && roleSuffices(person.orgRole, "member");
  if (!project.orgId || !restricts()) return {isMember, isMember, false};
  const auto groupRole = isMember ? role() : std::nullopt;
  return {groupRole.has_value(), groupRole && *groupRole >= GroupRole::editor, true};
}

ProjectAccess::Membership ProjectAccess::membershipOf(const Person& person, const Project& project) const {
  return membershipOf(
      person, project, [&] { return settings_.of(project.orgId).restrictProjectVisibility; },
      [&] { return groups_.roleFor(person.userId, project.id); });
}

ReachedProject ProjectAccess::reached(const Person& person, Project project, bool canEdit) const {
  const bool isOwner = person.userId == project.ownerId;
  ReachedProject reached;
  reached.canEdit = canEdit;
  reached.canAdmin = administers(person, project);
  reached.canTransfer = project.orgId ? isOrgAdmin(person, project) : isOwner;
  reached.canDelete = isOwner || person.isAdministrator;
  reached.project = std::move(project);
  return reached;
}

std::optional<ReachedProject> ProjectAccess::rightsOf(const Person& person, Project project) const {
  const auto membership = membershipOf(person, project);
  if (!membership.reaches && (membership.isRestricted || !sharesSession(person.userId, project))) return std::nullopt;
  return reached(person, std::move(project), membership.canEdit);
}

std::vector<ReachedProject> ProjectAccess::rightsInAll(const Principal& caller, std::vector<Project> projects,
                                                       KnownOrgSettings& settings) const {
  const auto person = personOf(caller);
  std::optional<std::map<std::string, GroupRole>> roles;
  std::vector<ReachedProject> all;
  all.reserve(projects.size());
  for (auto& project : projects) {
    const auto membership = membershipOf(
        person, project, [&] { return settings.of(project.orgId).restrictProjectVisibility; },
        [&]() -> std::optional<GroupRole> {
          if (!roles) roles = groups_.rolesOf(person.userId);
          const auto role = roles->find(project.id);
          return role == roles->end() ? std::nullopt : std::optional(role->second);
        });
    all.push_back(reached(person, std::move(project), membership.canEdit));
  }
  return all;
}

bool ProjectAccess::userHolds(std::string_view userId, const Project& project) const {
  const auto member = orgs_.membership(userId);
  return membershipOf(personOf(userId, member), project).reaches;
}

bool ProjectAccess::sharesSession(std::string_view userId, const Project& project) const {
  std::vector<std::string> remotes;
  for (auto& repo : projects_.reposOf(project.id)) remotes.push_back(std::move(repo.gitRemote));
  return sessions_.hasAny(userId, project.id, remotes);
}

bool ProjectAccess::userReaches(std::string_view userId, const Project& project) const {
  if (project.mergedInto) return false;
  const auto member = orgs_.membership(userId);
  return rightsOf(personOf(userId, member), project).has_value();
}

std::string ProjectAccess::tierOf(const Project& project) const {
  if (project.orgId) {
    if (auto org = orgs_.find(*project.orgId)) return std::move(org->tier);
  }
  const auto owner = identity_.find(mortise::UserKey::id, project.ownerId);
  if (!owner) return std::string(mortise::kTiers.front());
  if (owner->tier == mortise::kAdministratorTier) return owner->tier;
  if (const auto member = orgs_.membership(project.ownerId)) {
    if (auto org = orgs_.find(member->orgId)) return std::move(org->tier);
  }
  return owner->tier;
}

void ProjectAccess::requireFeature(const Project& project, std::string_view feature) const {
  try {
    requirePlan(project.orgId, project.ownerId, feature);
  } catch (const Problem& problem) {
    if (problem.code() != "upgrade_required") throw;
    throw Problem(403, "upgrade_required").details(withPlan(problem.details(), project));
  }
}

void ProjectAccess::requirePlan(const std::optional<std::string>& orgId, std::string_view ownerId,
                                std::string_view feature) const {
  if (orgId && orgs_.find(*orgId)) {
    orgs_.requireOrgFeature(*orgId, feature);
  } else {
    orgs_.requireFeature(ownerId, feature);
  }
}

}  // namespace projects
