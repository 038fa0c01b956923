// Organisations and their members. A user is in at most one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/db/database.hpp"
#include "core/identity/revision.hpp"

namespace mortise::identity {

// Times are microseconds since the epoch; a limit of 0 means no limit.
struct Org {
  std::string id, name, slug, tier;
  std::int64_t seatsLimit = 0, storageLimit = 0, seatsUsed = 0, createdAt = 0;
};

struct NewOrg {
  std::string name, slug, tier, founderId, founderRole;
  std::int64_t seatsLimit = 0, storageLimit = 0;
};

struct OrgChange {
  std::optional<std::string> name, tier;
  std::optional<std::int64_t> seatsLimit, storageLimit;
};

struct Member {
  std::string orgId, userId, role;  // owner, admin, member
  std::int64_t joinedAt = 0;
  std::string email, username, nickname;  // of the account
};

// [worker]. Each change is one transaction that holds the lock of the users: of two that compete for the last seat, or
// two last administrators that leave at once, the second sees the result of the first. Every change makes cached
// principals stale. Errors as Problems: 404 org_not_found, user_not_found, member_not_found; 409 slug_taken,
// already_in_org; 403 seat_limit, last_administrator; 422 validation_failed (name, slug, limits), unknown_tier,
// unknown_role.
class Orgs {
 public:
  Orgs(db::Database& database, Revision& revision) : database_(database), revision_(revision) {}

  Org create(const NewOrg& request);
  Org find(std::string_view orgId);
  // Newest first.
  std::vector<Org> list(std::int64_t skip, std::int64_t limit, std::int64_t& total);
  // A seat limit below the number of members removes no member, but blocks new ones.
  Org change(std::string_view orgId, const OrgChange& change);
  // Removes its teams and memberships too, and revokes its service keys.
  void remove(std::string_view orgId);

  // In the order in which they joined.
  std::vector<Member> members(std::string_view orgId);
  std::optional<Member> membership(std::string_view userId);
  Member addMember(std::string_view orgId, std::string_view userId, std::string_view role);
  Member setRole(std::string_view orgId, std::string_view userId, std::string_view role);
  // Revokes the organisation's service keys that run as this user, and takes the user out of its teams.
  void removeMember(std::string_view orgId, std::string_view userId);

 private:
  db::Database& database_;
  Revision& revision_;
};

}  // namespace mortise::identity
