#include "organisations/teams.hpp"

#include <mortise/characters.hpp>
#include <mortise/link_text.hpp>
#include <mortise/paging.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>

#include <string>
#include <utility>

#include "invalid.hpp"
#include "organisations/org_access.hpp"

namespace auth {
namespace {

namespace contract = auth_contract::teams;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Transaction;

contract::Team view(const mortise::Team& team) {
  return {.id = team.id,
          .orgId = team.orgId,
          .name = team.name,
          .slug = team.slug,
          .createdBy = mortise::orNull(team.createdBy),
          .createdAt = mortise::isoTime(team.createdAt),
          .memberCount = team.memberCount};
}

contract::TeamMember memberView(const mortise::TeamMember& member) {
  return {.userId = member.userId,
          .userEmail = mortise::orNull(member.email),
          .addedBy = mortise::orNull(member.addedBy),
          .addedAt = mortise::isoTime(member.addedAt)};
}

}  // namespace

Reply Teams::createTeam(const Request& request, const contract::CreateTeamBody& body) {
  mortise::NewTeam wish;
  wish.name = mortise::trimmed(body.name);
  if (!mortise::isOneLine(wish.name)) throw invalid("body/name", "control_character");
  if (mortise::readsAsLink(wish.name)) throw invalid("body/name", "link_in_name");
  wish.slug = body.slug;
  wish.orgId = requireOwnOrg(request.principal(), "admin");
  wish.createdBy = request.principal().userId;
  const auto team = db_.transaction([&](Transaction& tx) {
    auto created = orgs_.in(tx).createTeam(wish);
    audit_.in(tx).record(request, "auth.team_created", "team:" + created.id,
                         json::object({{"org_id", created.orgId}, {"slug", created.slug}}));
    return created;
  });
  return Reply::created(json::from(view(team)));
}

Reply Teams::listTeams(const Request& request) {
  return Reply::ok(json::list(orgs_.teams(requireOwnOrg(request.principal(), "member")), view));
}

Reply Teams::readTeam(const Request& request) { return Reply::ok(json::from(view(teamOf(request, "member")))); }

Reply Teams::removeTeam(const Request& request) {
  const auto team = teamOf(request, "admin");
  db_.transaction([&](Transaction& tx) {
    orgs_.in(tx).removeTeam(team.id);
    audit_.in(tx).record(request, "auth.team_removed", "team:" + team.id,
                         json::object({{"org_id", team.orgId}, {"slug", team.slug}}));
  });
  return Reply::noContent();
}

Reply Teams::addTeamMember(const Request& request, const contract::AddTeamMemberBody& body) {
  const auto team = teamOf(request, "admin");
  const auto member = db_.transaction([&](Transaction& tx) {
    auto added = orgs_.in(tx).addTeamMember(team.id, body.userId, request.principal().userId);
    audit_.in(tx).record(request, "auth.team_member_added", "user:" + added.userId,
                         json::object({{"org_id", team.orgId}, {"team_id", team.id}}));
    return added;
  });
  return Reply::created(json::from(memberView(member)));
}

Reply Teams::listTeamMembers(const Request& request) {
  return Reply::ok(json::list(orgs_.teamMembers(teamOf(request, "member").id), memberView));
}

Reply Teams::removeTeamMember(const Request& request) {
  const auto team = teamOf(request, "admin");
  const std::string userId = request.path("user_id");
  db_.transaction([&](Transaction& tx) {
    try {
      orgs_.in(tx).removeTeamMember(team.id, userId);
    } catch (const Problem& problem) {
      if (problem.code() == "member_not_found") throw Problem(404, "team_member_not_found");
      throw;
    }
    audit_.in(tx).record(request, "auth.team_member_removed", "user:" + userId,
                         json::object({{"org_id", team.orgId}, {"team_id", team.id}}));
  });
  return Reply::noContent();
}

mortise::Team Teams::teamOf(const Request& request, std::string_view role) const {
  const auto orgId = requireOwnOrg(request.principal(), role);
  auto team = orgs_.findTeam(request.path("team_id"));
  if (!team || team->orgId != orgId) throw Problem(404, "team_not_found");
  return std::move(*team);
}

}  // namespace auth
