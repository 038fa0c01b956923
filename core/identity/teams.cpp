#include "core/identity/teams.hpp"

#include <utility>

#include "core/base/identifiers.hpp"
#include "core/base/problem.hpp"
#include "core/base/text.hpp"
#include "core/identity/required_text.hpp"
#include "core/identity/store.hpp"

namespace mortise::identity {
namespace {

using db::ColumnType;

constexpr const char* kTeamColumns =
    "SELECT t.id, t.org_id, t.name, t.slug, t.created_by, t.created_at, (SELECT count(*) FROM mortise_team_members s "
    "WHERE s.team_id = t.id) FROM mortise_teams t ";
constexpr ColumnType kTeamTypes[] = {ColumnType::text, ColumnType::text,    ColumnType::text,   ColumnType::text,
                                     ColumnType::text, ColumnType::integer, ColumnType::integer};

constexpr const char* kMemberColumns =
    "SELECT m.team_id, m.user_id, m.added_by, m.added_at, u.email, u.username, u.nickname FROM mortise_team_members m "
    "JOIN mortise_users u ON u.id = m.user_id ";
constexpr ColumnType kMemberTypes[] = {ColumnType::text, ColumnType::text, ColumnType::text, ColumnType::integer,
                                       ColumnType::text, ColumnType::text, ColumnType::text};

std::vector<Team> teamsFrom(db::Connection& connection, std::string_view condition, const db::Parameters& parameters) {
  const auto rows = connection.query(kTeamColumns + std::string(condition), parameters, kTeamTypes);
  std::vector<Team> teams;
  while (rows->next()) {
    Team& team = teams.emplace_back();
    team.id = rows->text(0);
    team.orgId = rows->text(1);
    team.name = rows->text(2);
    team.slug = rows->text(3);
    team.createdBy = rows->text(4);
    team.createdAt = rows->integer(5);
    team.memberCount = rows->integer(6);
  }
  return teams;
}

std::vector<TeamMember> membersFrom(db::Connection& connection, std::string_view condition,
                                    const db::Parameters& parameters) {
  const auto rows = connection.query(kMemberColumns + std::string(condition), parameters, kMemberTypes);
  const auto text = [&](std::size_t column) {
    return rows->isNull(column) ? std::string{} : std::string(rows->text(column));
  };
  std::vector<TeamMember> members;
  while (rows->next()) {
    members.push_back({text(0), text(1), text(2), rows->integer(3), text(4), text(5), text(6)});
  }
  return members;
}

Team requireTeam(db::Connection& connection, std::string_view teamId) {
  auto teams = teamsFrom(connection, "WHERE t.id = :id", {{"id", std::string(teamId)}});
  if (teams.empty()) throw Problem(404, "team_not_found");
  return std::move(teams.front());
}

bool isInOrg(db::Connection& connection, std::string_view userId, std::string_view orgId) {
  return store::number(connection,
                       "SELECT count(*) FROM mortise_org_members WHERE user_id = :user_id AND org_id = :org_id",
                       {{"user_id", std::string(userId)}, {"org_id", std::string(orgId)}}) > 0;
}

bool isInTeam(db::Connection& connection, std::string_view userId, std::string_view teamId) {
  return store::number(connection,
                       "SELECT count(*) FROM mortise_team_members WHERE team_id = :team_id AND user_id = :user_id",
                       {{"team_id", std::string(teamId)}, {"user_id", std::string(userId)}}) > 0;
}

}  // namespace

Team Teams::create(const NewTeam& request) {
  requireText("name", request.name);
  requireText("slug", request.slug);
  const std::string id = "tm_" + text::hex(randomBytes(8));
  Team team;
  database_.transaction([&](db::Connection& connection) {
    store::lockUsers(connection);
    const db::Parameters org = {{"org_id", request.orgId}};
    if (store::number(connection, "SELECT count(*) FROM mortise_orgs WHERE id = :org_id", org) == 0)
      throw Problem(404, "org_not_found");
    if (store::number(connection, "SELECT count(*) FROM mortise_teams WHERE org_id = :org_id AND slug = :slug",
                      {{"org_id", request.orgId}, {"slug", request.slug}}) > 0)
      throw Problem(409, "slug_taken");
    if (store::number(connection, "SELECT count(*) FROM mortise_teams WHERE org_id = :org_id", org) >= kMaxTeams)
      throw Problem(409, "teams_full").with("most", std::to_string(kMaxTeams));
    connection.execute(
        "INSERT INTO mortise_teams (id, org_id, name, slug, created_by, created_at) VALUES (:id, :org_id, :name, "
        ":slug, :created_by, :now)",
        {{"id", id},
         {"org_id", request.orgId},
         {"name", request.name},
         {"slug", request.slug},
         {"created_by", request.createdBy},
         {"now", nowMicros()}});
    team = requireTeam(connection, id);
  });
  return team;
}

Team Teams::find(std::string_view teamId) { return requireTeam(*database_.lease(db::Access::read), teamId); }

std::vector<Team> Teams::ofOrg(std::string_view orgId) {
  return teamsFrom(*database_.lease(db::Access::read), "WHERE t.org_id = :org_id ORDER BY t.created_at, t.id",
                   {{"org_id", std::string(orgId)}});
}

std::vector<Team> Teams::ofUser(std::string_view userId) {
  return teamsFrom(*database_.lease(db::Access::read),
                   "JOIN mortise_team_members m ON m.team_id = t.id WHERE m.user_id = :user_id ORDER BY m.team_id",
                   {{"user_id", std::string(userId)}});
}

void Teams::remove(std::string_view teamId) {
  database_.transaction([&](db::Connection& connection) {
    store::lockUsers(connection);
    const Team team = requireTeam(connection, teamId);
    connection.execute("DELETE FROM mortise_team_members WHERE team_id = :id", {{"id", team.id}});
    connection.execute("DELETE FROM mortise_teams WHERE id = :id", {{"id", team.id}});
  });
}

std::vector<TeamMember> Teams::members(std::string_view teamId) {
  const auto connection = database_.lease(db::Access::read);
  const Team team = requireTeam(*connection, teamId);
  return membersFrom(*connection, "WHERE m.team_id = :team_id ORDER BY m.added_at, m.user_id", {{"team_id", team.id}});
}

TeamMember Teams::addMember(std::string_view teamId, std::string_view userId, std::string_view addedBy) {
  TeamMember added;
  database_.transaction([&](db::Connection& connection) {
    store::lockUsers(connection);
    const Team team = requireTeam(connection, teamId);
    if (!isInOrg(connection, userId, team.orgId)) throw Problem(422, "user_not_in_org");
    if (isInTeam(connection, userId, team.id)) throw Problem(409, "already_in_team");
    connection.execute(
        "INSERT INTO mortise_team_members (team_id, user_id, added_by, added_at) VALUES (:team_id, :user_id, "
        ":added_by, :now)",
        {{"team_id", team.id},
         {"user_id", std::string(userId)},
         {"added_by", std::string(addedBy)},
         {"now", nowMicros()}});
    added = membersFrom(connection, "WHERE m.team_id = :team_id AND m.user_id = :user_id",
                        {{"team_id", team.id}, {"user_id", std::string(userId)}})
                .at(0);
  });
  return added;
}

void Teams::removeMember(std::string_view teamId, std::string_view userId) {
  database_.transaction([&](db::Connection& connection) {
    store::lockUsers(connection);
    const Team team = requireTeam(connection, teamId);
    const auto gone =
        connection.execute("DELETE FROM mortise_team_members WHERE team_id = :team_id AND user_id = :user_id",
                           {{"team_id", team.id}, {"user_id", std::string(userId)}});
    if (gone == 0) throw Problem(404, "member_not_found");
  });
}

void Teams::removeOfOrg(db::Connection& connection, std::string_view orgId) {
  connection.execute(
      "DELETE FROM mortise_team_members WHERE team_id IN (SELECT id FROM mortise_teams WHERE org_id = :org_id)",
      {{"org_id", std::string(orgId)}});
  connection.execute("DELETE FROM mortise_teams WHERE org_id = :org_id", {{"org_id", std::string(orgId)}});
}

}  // namespace mortise::identity
