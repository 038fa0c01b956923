#include "organisations/members.hpp"

#include <mortise/time.hpp>

#include <algorithm>
#include <utility>

#include "organisations/org_access.hpp"
#include "organisations/owner_transfers.hpp"

namespace auth {
namespace {

namespace json = mortise::json;
using mortise::Problem;

// The kernel refuses what would leave nobody in charge; this family calls that a bad request.
template <class Change>
void changed(Change&& change) {
  try {
    change();
  } catch (const Problem& problem) {
    if (problem.code() == "last_administrator") throw Problem(400, problem.code());
    throw;
  }
}

json::Item textOrNull(const std::string& text) { return text.empty() ? json::Item(nullptr) : json::Item(text); }

}  // namespace

json::Value memberView(const mortise::Member& member) {
  const std::string& name = member.nickname.empty() ? member.username : member.nickname;
  return json::object({{"user_id", member.userId},
                       {"email", member.email},
                       {"display_name", textOrNull(name)},
                       {"role", member.role},
                       {"joined_at", mortise::isoTime(member.joinedAt)}});
}

Members::Members(mortise::Host host, const OwnerTransfers& transfers)
    : orgs_(host.orgs()), audit_(host.audit()), defaultOrgs_(host.db()), transfers_(transfers) {}

void Members::bind(mortise::Bindings& on) {
  on.operation("listOrgMembers", this, &Members::list);
  on.operation("changeMemberRole", this, &Members::changeRole);
  on.operation("changeOrgMemberRole", this, &Members::changeOrgRole);
  on.operation("removeMember", this, &Members::remove);
  on.operation("removeOrgMember", this, &Members::removeFromOrg);
}

mortise::Reply Members::list(const Request& request) {
  const auto caller = request.principal();
  const auto org = requireOrg(orgs_, caller, request.path("org_id"), "member");
  return Reply::ok(json::object({{"org_id", org.id},
                                 {"members", json::list(orgs_.members(org.id), memberView)},
                                 {"seats_used", org.seatsUsed},
                                 {"seats_limit", org.seatsLimit},
                                 {"current_user_role", caller.orgRole}}));
}

mortise::Reply Members::changeRole(const Request& request) {
  return changeRoleIn(request, requireOwnOrg(request.principal(), "admin"));
}

mortise::Reply Members::changeOrgRole(const Request& request) {
  return changeRoleIn(request, requireOrg(orgs_, request.principal(), request.path("org_id"), "admin").id);
}

mortise::Reply Members::changeRoleIn(const Request& request, const std::string& orgId) {
  const std::string role = request.body()["role"].text();
  if (role != "admin" && role != "member") throw Problem(400, "role_unknown");
  const auto member = memberOf(request, orgId);
  requireMayChange(request, member, role);
  if (member.role != role) {
    changed([&] { orgs_.setRole(orgId, member.userId, role); });
    audit_.record(request, "auth.member_role_changed", "user:" + member.userId,
                  json::object({{"org_id", orgId}, {"from", member.role}, {"to", role}}));
  }
  return Reply::ok(json::object({{"user_id", member.userId}, {"role", role}}));
}

void Members::requireMayChange(const Request& request, const mortise::Member& member, std::string_view role) const {
  if (member.userId != request.principal().userId) {
    if (member.role == "owner") throw Problem(403, "owner_fixed");
    return;
  }
  if (member.role != "owner" || role != "admin") throw Problem(400, "own_role");
  const auto members = orgs_.members(member.orgId);
  const bool another = std::any_of(members.begin(), members.end(), [&](const mortise::Member& other) {
    return other.userId != member.userId && suffices(other.role, "admin");
  });
  if (!another) throw Problem(409, "no_other_administrator");
}

mortise::Reply Members::remove(const Request& request) {
  return removeFrom(request, requireOwnOrg(request.principal(), "admin"));
}

mortise::Reply Members::removeFromOrg(const Request& request) {
  return removeFrom(request, requireOrg(orgs_, request.principal(), request.path("org_id"), "admin").id);
}

mortise::Reply Members::removeFrom(const Request& request, const std::string& orgId) {
  const auto member = memberOf(request, orgId);
  if (member.role == "owner") throw Problem(409, "owner_stays");
  if (member.userId == request.principal().userId) throw Problem(400, "own_removal");
  changed([&] { orgs_.removeMember(orgId, member.userId); });
  defaultOrgs_.forget(member.userId, orgId);
  const auto cancelled = transfers_.cancelInvolving(orgId, member.userId);
  // No module keeps projects of an organisation yet; the one that will hands them over here.
  const std::int64_t projects = 0;
  audit_.record(request, "auth.member_removed", "user:" + member.userId,
                json::object({{"org_id", orgId}, {"role", member.role}}));
  return Reply::ok(json::object(
      {{"removed", member.userId}, {"projects_transferred", projects}, {"pending_transfers_cancelled", cancelled}}));
}

mortise::Member Members::memberOf(const Request& request, std::string_view orgId) const {
  auto member = orgs_.membership(request.path("user_id"));
  if (!member || member->orgId != orgId) throw Problem(404, "member_not_found");
  return std::move(*member);
}

}  // namespace auth
