#include "core/identity/orgs.hpp"

#include <algorithm>

#include "core/base/identifiers.hpp"
#include "core/base/problem.hpp"
#include "core/base/text.hpp"
#include "core/identity/api_keys.hpp"
#include "core/identity/required_text.hpp"
#include "core/identity/store.hpp"
#include "core/identity/teams.hpp"
#include "mortise/tier.hpp"

namespace mortise::identity {
namespace {

using db::ColumnType;

constexpr const char* kOrgColumns =
    "SELECT o.id, o.name, o.slug, o.tier, o.seats_limit, o.storage_limit, o.created_at, (SELECT count(*) FROM "
    "mortise_org_members s WHERE s.org_id = o.id) FROM mortise_orgs o ";
constexpr ColumnType kOrgTypes[] = {ColumnType::text,    ColumnType::text,    ColumnType::text,    ColumnType::text,
                                    ColumnType::integer, ColumnType::integer, ColumnType::integer, ColumnType::integer};

constexpr const char* kMemberColumns =
    "SELECT m.org_id, m.user_id, m.role, m.joined_at, u.email, u.username, u.nickname FROM mortise_org_members m JOIN "
    "mortise_users u ON u.id = m.user_id ";
constexpr ColumnType kMemberTypes[] = {ColumnType::text, ColumnType::text, ColumnType::text, ColumnType::integer,
                                       ColumnType::text, ColumnType::text, ColumnType::text};

Org orgFrom(const db::Rows& row) {
  Org org;
  org.id = row.text(0);
  org.name = row.text(1);
  org.slug = row.text(2);
  org.tier = row.text(3);
  org.seatsLimit = row.integer(4);
  org.storageLimit = row.integer(5);
  org.createdAt = row.integer(6);
  org.seatsUsed = row.integer(7);
  return org;
}

Member memberFrom(const db::Rows& row) {
  const auto text = [&](std::size_t column) {
    return row.isNull(column) ? std::string{} : std::string(row.text(column));
  };
  return {text(0), text(1), text(2), row.integer(3), text(4), text(5), text(6)};
}

Org requireOrg(db::Connection& connection, std::string_view orgId) {
  const auto rows =
      connection.query(std::string(kOrgColumns) + "WHERE o.id = :id", {{"id", std::string(orgId)}}, kOrgTypes);
  if (!rows->next()) throw Problem(404, "org_not_found");
  return orgFrom(*rows);
}

std::optional<Member> memberOf(db::Connection& connection, std::string_view userId) {
  const auto rows = connection.query(std::string(kMemberColumns) + "WHERE m.user_id = :user_id",
                                     {{"user_id", std::string(userId)}}, kMemberTypes);
  if (!rows->next()) return std::nullopt;
  return memberFrom(*rows);
}

Member requireMember(db::Connection& connection, std::string_view orgId, std::string_view userId) {
  auto member = memberOf(connection, userId);
  if (!member || member->orgId != orgId) throw Problem(404, "member_not_found");
  return std::move(*member);
}

bool administers(std::string_view role) { return role == "owner" || role == "admin"; }

void requireOtherAdministrator(db::Connection& connection, const Member& leaving) {
  if (!administers(leaving.role)) return;
  const auto others =
      store::number(connection,
                    "SELECT count(*) FROM mortise_org_members WHERE org_id = :org_id AND user_id <> :user_id "
                    "AND role IN ('owner', 'admin')",
                    {{"org_id", leaving.orgId}, {"user_id", leaving.userId}});
  if (others == 0) throw Problem(403, "last_administrator");
}

void requireLimit(const char* field, std::int64_t limit) {
  if (limit < 0) throw Problem(422, "validation_failed").field({"body", field}, "greater_than_equal", {{"ge", "0"}});
}

void requireTier(std::string_view tier) {
  if (!isTier(tier)) throw Problem(422, "unknown_tier").note("no tier: " + std::string(tier));
}

void requireRole(std::string_view role) {
  if (!administers(role) && role != "member")
    throw Problem(422, "unknown_role").note("no role of a member: " + std::string(role));
}

void insertMember(db::Connection& connection, std::string_view orgId, std::string_view userId, std::string_view role,
                  std::int64_t now) {
  connection.execute(
      "INSERT INTO mortise_org_members (user_id, org_id, role, joined_at) VALUES (:user_id, :org_id, :role, :now)",
      {{"user_id", std::string(userId)}, {"org_id", std::string(orgId)}, {"role", std::string(role)}, {"now", now}});
}

void requireFreeUser(db::Connection& connection, std::string_view userId) {
  if (!store::findUser(connection, UserKey::id, userId)) throw Problem(404, "user_not_found");
  if (memberOf(connection, userId)) throw Problem(409, "already_in_org");
}

}  // namespace

Org Orgs::create(const NewOrg& request) {
  requireText("name", request.name);
  requireText("slug", request.slug);
  requireTier(request.tier);
  requireLimit("seats_limit", request.seatsLimit);
  requireLimit("storage_limit", request.storageLimit);
  if (!administers(request.founderRole))
    throw Problem(422, "unknown_role").note("a founder is owner or admin, not " + request.founderRole);
  const std::string id = "org_" + text::hex(randomBytes(8));
  Org org;
  database_.transaction([&](db::Connection& connection) {
    const std::int64_t now = nowMicros();
    store::lockUsers(connection);
    if (store::number(connection, "SELECT count(*) FROM mortise_orgs WHERE slug = :slug", {{"slug", request.slug}}) > 0)
      throw Problem(409, "slug_taken");
    requireFreeUser(connection, request.founderId);
    connection.execute(
        "INSERT INTO mortise_orgs (id, name, slug, tier, seats_limit, storage_limit, created_at) VALUES (:id, :name, "
        ":slug, :tier, :seats_limit, :storage_limit, :now)",
        {{"id", id},
         {"name", request.name},
         {"slug", request.slug},
         {"tier", request.tier},
         {"seats_limit", request.seatsLimit},
         {"storage_limit", request.storageLimit},
         {"now", now}});
    insertMember(connection, id, request.founderId, request.founderRole, now);
    org = requireOrg(connection, id);
  });
  revision_.advance();
  return org;
}

Org Orgs::find(std::string_view orgId) { return requireOrg(*database_.lease(db::Access::read), orgId); }

std::vector<Org> Orgs::list(std::int64_t skip, std::int64_t limit, std::int64_t& total) {
  const auto connection = database_.lease(db::Access::read);
  total = store::number(*connection, "SELECT total FROM mortise_counts WHERE name = 'orgs'", {});
  const auto rows = connection->query(
      std::string(kOrgColumns) + "ORDER BY o.created_at DESC, o.id DESC LIMIT :limit OFFSET :skip",
      {{"limit", std::max<std::int64_t>(limit, 0)}, {"skip", std::max<std::int64_t>(skip, 0)}}, kOrgTypes);
  std::vector<Org> orgs;
  while (rows->next()) orgs.push_back(orgFrom(*rows));
  return orgs;
}

Org Orgs::change(std::string_view orgId, const OrgChange& change) {
  if (change.name) requireText("name", *change.name);
  if (change.tier) requireTier(*change.tier);
  if (change.seatsLimit) requireLimit("seats_limit", *change.seatsLimit);
  if (change.storageLimit) requireLimit("storage_limit", *change.storageLimit);
  Org changed;
  database_.transaction([&](db::Connection& connection) {
    store::lockUsers(connection);
    changed = requireOrg(connection, orgId);
    changed.name = change.name.value_or(changed.name);
    changed.tier = change.tier.value_or(changed.tier);
    changed.seatsLimit = change.seatsLimit.value_or(changed.seatsLimit);
    changed.storageLimit = change.storageLimit.value_or(changed.storageLimit);
    connection.execute(
        "UPDATE mortise_orgs SET name = :name, tier = :tier, seats_limit = :seats_limit, storage_limit = "
        ":storage_limit WHERE id = :id",
        {{"name", changed.name},
         {"tier", changed.tier},
         {"seats_limit", changed.seatsLimit},
         {"storage_limit", changed.storageLimit},
         {"id", changed.id}});
  });
  revision_.advance();
  return changed;
}

void Orgs::remove(std::string_view orgId) {
  database_.transaction([&](db::Connection& connection) {
    store::lockUsers(connection);
    const Org org = requireOrg(connection, orgId);
    ApiKeys::revokeServiceKeys(connection, org.id, {}, "the organisation was removed");
    Teams::removeOfOrg(connection, org.id);
    connection.execute("DELETE FROM mortise_org_members WHERE org_id = :id", {{"id", org.id}});
    connection.execute("DELETE FROM mortise_orgs WHERE id = :id", {{"id", org.id}});
  });
  revision_.advance();
}

std::vector<Member> Orgs::members(std::string_view orgId) {
  const auto connection = database_.lease(db::Access::read);
  const Org org = requireOrg(*connection, orgId);
  const auto rows =
      connection->query(std::string(kMemberColumns) + "WHERE m.org_id = :org_id ORDER BY m.joined_at, m.user_id",
                        {{"org_id", org.id}}, kMemberTypes);
  std::vector<Member> members;
  while (rows->next()) members.push_back(memberFrom(*rows));
  return members;
}

std::optional<Member> Orgs::membership(std::string_view userId) {
  return memberOf(*database_.lease(db::Access::read), userId);
}

Member Orgs::addMember(std::string_view orgId, std::string_view userId, std::string_view role) {
  requireRole(role);
  Member added;
  database_.transaction([&](db::Connection& connection) {
    store::lockUsers(connection);
    const Org org = requireOrg(connection, orgId);
    requireFreeUser(connection, userId);
    if (org.seatsLimit > 0 && org.seatsUsed >= org.seatsLimit) {
      const auto used = std::to_string(org.seatsUsed), limit = std::to_string(org.seatsLimit);
      throw Problem(403, "seat_limit").detailsJson("{\"seats_used\":" + used + ",\"seats_limit\":" + limit + "}");
    }
    insertMember(connection, org.id, userId, role, nowMicros());
    added = requireMember(connection, org.id, userId);
  });
  revision_.advance();
  return added;
}

Member Orgs::setRole(std::string_view orgId, std::string_view userId, std::string_view role) {
  requireRole(role);
  Member changed;
  database_.transaction([&](db::Connection& connection) {
    store::lockUsers(connection);
    changed = requireMember(connection, orgId, userId);
    if (!administers(role)) requireOtherAdministrator(connection, changed);
    connection.execute("UPDATE mortise_org_members SET role = :role WHERE user_id = :user_id",
                       {{"role", std::string(role)}, {"user_id", changed.userId}});
    changed.role = role;
  });
  revision_.advance();
  return changed;
}

void Orgs::removeMember(std::string_view orgId, std::string_view userId) {
  database_.transaction([&](db::Connection& connection) {
    store::lockUsers(connection);
    const Member leaving = requireMember(connection, orgId, userId);
    requireOtherAdministrator(connection, leaving);
    ApiKeys::revokeServiceKeys(connection, leaving.orgId, leaving.userId, "left the organisation");
    store::leaveTeams(connection, leaving.userId);
    connection.execute("DELETE FROM mortise_org_members WHERE user_id = :user_id", {{"user_id", leaving.userId}});
  });
  revision_.advance();
}

}  // namespace mortise::identity
