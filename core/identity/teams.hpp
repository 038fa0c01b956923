// Teams: named groups of members of one organisation. Whoever leaves the organisation leaves its teams.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/db/database.hpp"

namespace mortise::identity {

// Times are microseconds since the epoch.
struct Team {
  std::string id, orgId, name, slug, createdBy;
  std::int64_t createdAt = 0, memberCount = 0;
};

struct NewTeam {
  std::string orgId, name, slug, createdBy;
};

struct TeamMember {
  std::string teamId, userId, addedBy;
  std::int64_t addedAt = 0;
  std::string email, username, nickname;  // of the account
};

// [worker]. Each change is one transaction that holds the lock of the users, so that nobody is put into a team while
// they leave the organisation. Errors as Problems: 404 org_not_found, team_not_found, member_not_found; 409 slug_taken,
// already_in_team, teams_full; 422 validation_failed (name, slug), user_not_in_org.
class Teams {
 public:
  // Of one organisation: teams_full.
  static constexpr std::int64_t kMaxTeams = 1000;

  explicit Teams(db::Database& database) : database_(database) {}

  Team create(const NewTeam& request);
  Team find(std::string_view teamId);
  // Oldest first.
  std::vector<Team> ofOrg(std::string_view orgId);
  // Those that the user is in, by their ids.
  std::vector<Team> ofUser(std::string_view userId);
  void remove(std::string_view teamId);

  // In the order in which they were added.
  std::vector<TeamMember> members(std::string_view teamId);
  TeamMember addMember(std::string_view teamId, std::string_view userId, std::string_view addedBy);
  void removeMember(std::string_view teamId, std::string_view userId);

  // In the transaction of the caller.
  static void removeOfOrg(db::Connection& connection, std::string_view orgId);

 private:
  db::Database& database_;
};

}  // namespace mortise::identity
