#include "organisations/members.hpp"

#include <mortise/time.hpp>

#include <algorithm>
#include <utility>

#include "organisations/org_access.hpp"
#include "views.hpp"

namespace auth {
namespace {

namespace contract = auth_contract::organisations;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Transaction;

}  // namespace

std::vector<contract::OrgMember> memberViews(const std::vector<mortise::Member>& members) {
  std::vector<contract::OrgMember> views;
  views.reserve(members.size());
  for (const auto& member : members) {
    views.push_back({.userId = member.userId,
                     .email = member.email,
                     .displayName = mortise::orNull(member.nickname.empty() ? member.username : member.nickname),
                     .role = member.role,
                     .joinedAt = mortise::isoTime(member.joinedAt)});
  }
  return views;
}

Members::Members(mortise::Host host, const Neighbours& neighbours)
    : db_(host.db()),
      orgs_(host.orgs()),
      audit_(host.audit()),
      defaultOrgs_(host.db()),
      transfers_(host.db()),
      neighbours_(neighbours) {}

Reply Members::listOrgMembers(const Request& request) {
  const auto caller = request.principal();
  const auto org = requireOrg(orgs_, caller, request.path("org_id"), "member");
  return Reply::ok(json::from(contract::ListOrgMembersReply{.orgId = org.id,
                                                            .members = memberViews(orgs_.members(org.id)),
                                                            .seatsUsed = org.seatsUsed,
                                                            .seatsLimit = org.seatsLimit,
                                                            .currentUserRole = caller.orgRole}));
}

Reply Members::changeMemberRole(const Request& request, const RoleChangeBody& body) {
  return changeRoleIn(request, requireOwnOrg(request.principal(), "admin"), body.role);
}

Reply Members::changeOrgMemberRole(const Request& request, const RoleChangeBody& body) {
  return changeRoleIn(request, requireOrg(orgs_, request.principal(), request.path("org_id"), "admin").id, body.role);
}

Reply Members::changeRoleIn(const Request& request, const std::string& orgId, const std::string& role) {
  if (role != "admin" && role != "member") throw Problem(400, "role_unknown");
  const auto member = memberOf(request, orgId);
  requireMayChange(request, member, role);
  if (member.role != role) {
    change([&](Transaction& tx) {
      orgs_.in(tx).setRole(orgId, member.userId, role);
      audit_.in(tx).record(request, "auth.member_role_changed", "user:" + member.userId,
                           json::object({{"org_id", orgId}, {"from", member.role}, {"to", role}}));
    });
  }
  return Reply::ok(json::from(contract::RoleChanged{.userId = member.userId, .role = role}));
}

// The kernel refuses what would leave an organisation without an administrator; this family calls that a bad request.
void Members::change(const std::function<void(Transaction&)>& work) const {
  try {
    db_.transaction(work);
  } catch (const Problem& problem) {
    if (problem.code() == "last_administrator") throw Problem(400, problem.code());
    throw;
  }
}

void Members::requireMayChange(const Request& request, const mortise::Member& member, std::string_view role) const {
  if (member.userId != request.principal().userId) {
    if (member.role == "owner") throw Problem(403, "owner_fixed");
    return;
  }
  if (member.role != "owner" || role != "admin") throw Problem(400, "own_role");
  const auto members = orgs_.members(member.orgId);
  const bool another = std::any_of(members.begin(), members.end(), [&](const mortise::Member& other) {
    return other.userId != member.userId && roleSuffices(other.role, "admin");
  });
  if (!another) throw Problem(409, "no_other_administrator");
}

Reply Members::removeMember(const Request& request) {
  return removeFrom(request, requireOwnOrg(request.principal(), "admin"));
}

Reply Members::removeOrgMember(const Request& request) {
  return removeFrom(request, requireOrg(orgs_, request.principal(), request.path("org_id"), "admin").id);
}

Reply Members::removeFrom(const Request& request, const std::string& orgId) {
  const auto member = memberOf(request, orgId);
  if (member.role == "owner") throw Problem(409, "owner_stays");
  if (member.userId == request.principal().userId) throw Problem(400, "own_removal");
  const std::string heir = request.principal().userId;
  std::int64_t cancelled = 0;
  mortise::MemberDeparture departure;
  change([&](Transaction& tx) {
    orgs_.in(tx).removeMember(orgId, member.userId);
    defaultOrgs_.in(tx).forget(member.userId, orgId);
    cancelled = transfers_.in(tx).cancelInvolving(orgId, member.userId, mortise::now());
    departure = neighbours_.memberLeft(tx, orgId, member.userId, heir);
    audit_.in(tx).record(request, "auth.member_removed", "user:" + member.userId,
                         json::object({{"org_id", orgId}, {"role", member.role}}));
  });
  return Reply::ok(json::from(
      contract::MemberRemoved{.removed = member.userId,
                              .projectsTransferred = departure.projectsTransferred,
                              .pendingTransfersCancelled = cancelled + departure.pendingTransfersCancelled}));
}

mortise::Member Members::memberOf(const Request& request, std::string_view orgId) const {
  auto member = orgs_.membership(request.path("user_id"));
  if (!member || member->orgId != orgId) throw Problem(404, "member_not_found");
  return std::move(*member);
}

}  // namespace auth
