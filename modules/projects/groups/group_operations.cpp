#include "groups/group_operations.hpp"

#include <mortise/json.hpp>
#include <mortise/org_role.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>
#include <mortise/uuid.hpp>

#include <map>
#include <utility>

#include "access/held_members.hpp"
#include "body_text.hpp"
#include "invalid.hpp"

namespace projects {
namespace {

namespace contract = projects_contract::groups;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;
using mortise::Transaction;

constexpr std::int64_t kMaxGroups = 200;     // of an organisation
constexpr std::int64_t kMaxMembers = 1000;   // of a group
constexpr std::int64_t kMaxProjects = 1000;  // of a group
constexpr std::size_t kMaxSlug = 100;

// Letters and digits of the name in lower case, with a dash in the place of all others.
std::string slugOf(std::string_view name) {
  std::string slug;
  for (const char c : name) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9')) {
      slug.push_back(lower);
    } else if (!slug.empty() && slug.back() != '-') {
      slug.push_back('-');
    }
  }
  if (slug.size() > kMaxSlug) slug.resize(kMaxSlug);
  while (!slug.empty() && slug.back() == '-') slug.pop_back();
  return slug;
}

}  // namespace

GroupOperations::GroupOperations(mortise::Host host, const ProjectAccess& access)
    : db_(host.db()),
      orgs_(host.orgs()),
      audit_(host.audit()),
      groups_(db_),
      projects_(db_),
      reaching_(host),
      access_(access) {}

json::Object GroupOperations::base(const ProjectGroup& group, const std::optional<GroupRole>& role) {
  auto out = json::Object();
  out.add("id", group.id)
      .add("org_id", group.orgId)
      .add("slug", group.slug)
      .add("name", group.name)
      .add("description", group.description.empty() ? json::Value() : json::value(group.description))
      .add("member_count", group.memberCount)
      .add("project_count", group.projectCount)
      .add("my_role", role ? json::value(mortise::detail::nameOf(*role)) : json::Value());
  return out;
}

Reply GroupOperations::listed(const Request& request, const std::vector<ProjectGroup>& groups) const {
  const auto roles = groups_.rolesByGroup(request.principal().userId);
  return Reply::ok(json::list(groups, [&](const ProjectGroup& group) {
    const auto role = roles.find(group.id);
    return base(group, role == roles.end() ? std::nullopt : std::optional(role->second)).build();
  }));
}

Reply GroupOperations::shown(const ReachedGroup& reached, int status) const {
  const auto group = mortise::orNotFound(groups_.find(reached.group.id), "group_not_found");
  const auto groupMembers = groups_.members(group.id);
  std::map<std::string, std::string> addresses;
  if (!groupMembers.empty()) {
    for (auto& member : orgs_.members(group.orgId))
      addresses.emplace(std::move(member.userId), std::move(member.email));
  }
  const auto members = json::list(groupMembers, [&](const GroupMember& member) {
    const auto address = addresses.find(member.userId);
    return json::object({{"user_id", member.userId},
                         {"email", address == addresses.end() ? std::string_view() : address->second},
                         {"role", mortise::detail::nameOf(member.role)},
                         {"granted_by_user_id", member.addedBy},
                         {"created_at", mortise::isoTime(member.addedAt, mortise::kIsoMicros)}});
  });
  const auto compiledAt = group.contextCompiledAt
                              ? json::value(mortise::isoTime(*group.contextCompiledAt, mortise::kIsoMicros))
                              : json::Value();
  return Reply::status(status, base(group, reached.role)
                                   .add("compile_enabled", group.compileEnabled)
                                   .add("context_compiled_at", compiledAt)
                                   .add("members", members)
                                   .add("projects", json::list(groups_.projects(group.id),
                                                               [](const std::string& id) { return json::value(id); }))
                                   .build());
}

void GroupOperations::audit(Transaction& tx, const Request& request, std::string_view what, const ProjectGroup& group,
                            std::string_view reference) const {
  audit_.in(tx).record(request, "projects.group_" + std::string(what), "project_group:" + group.id,
                       json::object({{"org_id", group.orgId}, {"slug", group.slug}, {"reference", reference}}));
}

Reply GroupOperations::listMyGroups(const Request& request) {
  const auto caller = request.principal();
  if (caller.orgId.empty()) return Reply::ok(json::list());
  return listed(request, groups_.ofUser(caller.orgId, caller.userId));
}

Reply GroupOperations::listGroups(const Request& request) {
  const auto orgId = reaching_.orgOf(request);
  return listed(request, GroupAccess::isOrgAdmin(request) ? groups_.ofOrg(orgId)
                                                          : groups_.ofUser(orgId, request.principal().userId));
}

Reply GroupOperations::createGroup(const Request& request, const contract::CreateGroupBody& body) {
  ProjectGroup group;
  group.name = notBlank(body.name, "body/name");
  group.slug = body.slug.optional().value_or(slugOf(group.name));
  if (group.slug.empty()) throw invalid("body/slug", "missing");
  group.description = body.description.valueOr("");
  group.orgId = reaching_.orgOf(request);
  if (!GroupAccess::isOrgAdmin(request)) throw mortise::insufficientRole(request.principal().orgRole, "admin");
  group.id = mortise::makePrefixedId("pg_", 12);
  group.createdAt = group.updatedAt = mortise::now();
  db_.transaction([&](Transaction& tx) {
    tx.lock("projects_groups:" + group.orgId);
    if (groups_.in(tx).countOf(group.orgId) >= kMaxGroups) throw Problem(409, "groups_full").with("most", kMaxGroups);
    if (!groups_.in(tx).add(group)) throw Problem(409, "slug_taken");
    audit(tx, request, "created", group);
  });
  return shown({group, std::nullopt, true}, 201);
}

Reply GroupOperations::readGroup(const Request& request) { return shown(reaching_.reach(request)); }

Reply GroupOperations::changeGroup(const Request& request, const contract::ChangeGroupBody& body) {
  const auto reached = reaching_.reachToChange(request);
  const auto name = body.name.has() ? std::optional(notBlank(*body.name, "body/name")) : std::nullopt;
  db_.transaction([&](Transaction& tx) {
    const auto groups = groups_.in(tx);
    // Locked, then read: another change of other fields stays.
    if (!groups.lock(reached.group.id)) throw Problem(404, "group_not_found");
    auto group = mortise::orNotFound(groups.find(reached.group.id), "group_not_found");
    if (name) group.name = *name;
    if (body.slug.has()) group.slug = *body.slug;
    if (!body.description.absent()) group.description = body.description.valueOr("");
    if (body.compileEnabled.has()) group.compileEnabled = *body.compileEnabled;
    group.updatedAt = mortise::now();
    if (!groups.change(group)) throw Problem(409, "slug_taken");
    audit(tx, request, "changed", group);
  });
  return shown(reached);
}

Reply GroupOperations::removeGroup(const Request& request) {
  const auto reached = reaching_.reach(request);
  if (!reached.isOrgAdmin) throw mortise::insufficientRole(request.principal().orgRole, "admin");
  db_.transaction([&](Transaction& tx) {
    if (!groups_.in(tx).lock(reached.group.id)) throw Problem(404, "group_not_found");
    groups_.in(tx).remove(reached.group.id);
    audit(tx, request, "removed", reached.group);
  });
  return Reply::noContent();
}

Reply GroupOperations::putGroupMember(const Request& request, const contract::PutGroupMemberBody& body) {
  auto reached = reaching_.reachToChange(request);
  GroupMember member;
  member.userId = request.path("user_id");
  member.role = named<GroupRole>(body.role);
  member.addedBy = request.principal().userId;
  member.addedAt = mortise::now();
  db_.transaction([&](Transaction& tx) {
    holdMembers(tx, {reached.group.orgId});
    const auto membership = orgs_.in(tx).membership(member.userId);
    if (!membership || membership->orgId != reached.group.orgId) throw Problem(422, "user_not_in_org");
    if (!groups_.in(tx).putMember(reached.group.id, member, kMaxMembers)) throw Problem(409, "group_full");
    audit(tx, request, "member_put", reached.group, member.userId);
  });
  reached.role = groups_.roleIn(reached.group.id, request.principal().userId);
  return shown(reached);
}

Reply GroupOperations::removeGroupMember(const Request& request) {
  auto reached = reaching_.reachToChange(request);
  const std::string userId = request.path("user_id");
  db_.transaction([&](Transaction& tx) {
    if (!groups_.in(tx).removeMember(reached.group.id, userId)) throw Problem(404, "group_member_not_found");
    audit(tx, request, "member_removed", reached.group, userId);
  });
  reached.role = groups_.roleIn(reached.group.id, request.principal().userId);
  return shown(reached);
}

Reply GroupOperations::putGroupProject(const Request& request) {
  const auto caller = request.principal();
  const auto reached = reaching_.reachToChange(request);
  auto project = projects_.find(request.path("project_id"));
  if (!project) throw Problem(404, "project_not_found");
  const auto rights = access_.reach(caller, std::move(*project));
  const auto projectId = rights.project.id;
  const auto requireGroupable = [&](const Project& one) {
    if (one.orgId != reached.group.orgId) throw Problem(422, "project_of_other_org");
    // A group gives its members the project: who only runs the group does not hand out projects of others.
    if (!administers(personOf(caller), one)) throw Problem(403, "project_admin_required");
  };
  requireGroupable(rights.project);
  db_.transaction([&](Transaction& tx) {
    // It may have gone to somebody else meanwhile.
    requireGroupable(mortise::orNotFound(projects_.in(tx).findLocked(projectId), "project_not_found"));
    if (!groups_.in(tx).putProject(reached.group.id, projectId, caller.userId, mortise::now(), kMaxProjects))
      throw Problem(409, "group_full");
    audit(tx, request, "project_put", reached.group, projectId);
  });
  return shown(reached);
}

Reply GroupOperations::removeGroupProject(const Request& request) {
  const auto reached = reaching_.reachToChange(request);
  const std::string projectId = request.path("project_id");
  db_.transaction([&](Transaction& tx) {
    if (!groups_.in(tx).removeProject(reached.group.id, projectId)) throw Problem(404, "group_project_not_found");
    audit(tx, request, "project_removed", reached.group, projectId);
  });
  return shown(reached);
}

}  // namespace projects
