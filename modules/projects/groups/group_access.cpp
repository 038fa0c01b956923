#include "groups/group_access.hpp"

#include <mortise/org_role.hpp>
#include <mortise/problem.hpp>

#include <utility>

namespace projects {
namespace {

using mortise::Problem;
using mortise::Request;

constexpr const char* kFeature = "project_groups";

}  // namespace

bool GroupAccess::isOrgAdmin(const Request& request) {
  return mortise::roleSuffices(request.principal().orgRole, "admin");
}

std::string GroupAccess::orgOf(const Request& request) const {
  const std::string orgId = request.path("org_id");
  if (request.principal().orgId != orgId || !orgs_.find(orgId)) throw Problem(404, "org_not_found");
  orgs_.requireOrgFeature(orgId, kFeature);
  return orgId;
}

ReachedGroup GroupAccess::reached(const Request& request, std::optional<ProjectGroup> group) const {
  if (!group) throw Problem(404, "group_not_found");
  const auto role = groups_.roleIn(group->id, request.principal().userId);
  const bool runsAll = isOrgAdmin(request);
  if (!role && !runsAll) throw Problem(404, "group_not_found");
  return {std::move(*group), role, runsAll};
}

ReachedGroup GroupAccess::reach(const Request& request) const {
  const auto orgId = orgOf(request);
  auto group = groups_.find(request.path("group_id"));
  if (group && group->orgId != orgId) group.reset();
  return reached(request, std::move(group));
}

ReachedGroup GroupAccess::reachBySlug(const Request& request) const {
  const auto orgId = orgOf(request);
  return reached(request, groups_.ofSlug(orgId, request.path("group_slug")));
}

ReachedGroup GroupAccess::reachToChange(const Request& request) const {
  auto reached = reach(request);
  if (!reached.has(GroupRole::admin)) throw Problem(403, "insufficient_group_role");
  return reached;
}

}  // namespace projects
