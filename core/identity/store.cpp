#include "core/identity/store.hpp"

#include "core/base/problem.hpp"
#include "core/base/text.hpp"
#include "core/identity/user_name.hpp"
#include "mortise/white_space.hpp"

namespace mortise::identity::store {
namespace {

using db::ColumnType;
using db::Value;

// Every user is read with its membership, because both determine its rights.
constexpr const char* kUserColumns =
    "SELECT u.id, u.username, u.email, u.nickname, u.avatar, u.bio, u.role, u.status, u.password_hash, u.created_at, "
    "u.email_confirmed_at, u.token_generation, u.number, u.tier, u.last_login_at, m.org_id, m.role, o.tier "
    "FROM mortise_users u LEFT JOIN mortise_org_members m ON m.user_id = u.id LEFT JOIN mortise_orgs o ON o.id = "
    "m.org_id ";
constexpr ColumnType kUserTypes[] = {ColumnType::text,    ColumnType::text,    ColumnType::text,    ColumnType::text,
                                     ColumnType::text,    ColumnType::text,    ColumnType::text,    ColumnType::text,
                                     ColumnType::text,    ColumnType::integer, ColumnType::integer, ColumnType::integer,
                                     ColumnType::integer, ColumnType::text,    ColumnType::integer, ColumnType::text,
                                     ColumnType::text,    ColumnType::text};
constexpr ColumnType kInteger[] = {ColumnType::integer};

// Empty names and addresses become NULL, so that UNIQUE allows many of them.
Value textOrNull(std::string_view text) { return text.empty() ? Value{} : Value{std::string(text)}; }

User userFrom(const db::Rows& row) {
  const auto text = [&](std::size_t column) {
    return row.isNull(column) ? std::string{} : std::string(row.text(column));
  };
  User user;
  user.id = text(0);
  user.username = text(1);
  user.email = text(2);
  user.nickname = text(3);
  user.avatar = text(4);
  if (!row.isNull(5)) user.bio = std::string(row.text(5));
  user.role = text(6);
  user.status = text(7);
  user.passwordHash = text(8);
  user.createdAt = row.integer(9);
  user.emailConfirmedAt = row.integer(10);
  user.tokenGeneration = row.integer(11);
  user.number = row.integer(12);
  user.tier = text(13);
  user.lastLoginAt = row.integer(14);
  user.orgId = text(15);
  user.orgRole = text(16);
  user.orgTier = text(17);
  return user;
}

std::optional<User> oneUser(db::Connection& connection, const char* where, const db::Parameters& parameters) {
  const auto rows = connection.query(std::string(kUserColumns) + where, parameters, kUserTypes);
  if (!rows->next()) return std::nullopt;
  return userFrom(*rows);
}

}  // namespace

std::int64_t number(db::Connection& connection, std::string_view sql, const db::Parameters& parameters) {
  const auto rows = connection.query(sql, parameters, kInteger);
  return rows->next() ? rows->integer(0) : 0;
}

void lockUsers(db::Connection& connection) {
  connection.execute("UPDATE mortise_locks SET taken = taken + 1 WHERE name = 'users'", {});
}

std::int64_t nextNumber(db::Connection& connection, const char* name) {
  connection.execute("UPDATE mortise_locks SET taken = taken + 1 WHERE name = :name", {{"name", name}});
  return number(connection, "SELECT taken FROM mortise_locks WHERE name = :name", {{"name", name}});
}

std::optional<User> findUser(db::Connection& connection, UserKey by, std::string_view key) {
  if (key.empty()) return std::nullopt;
  const std::string text(key);
  switch (by) {
    case UserKey::id:
      return oneUser(connection, "WHERE u.id = :id", {{"id", text}});
    case UserKey::username: {
      // As it is first: an account of before user names had one form keeps the name that it was made with.
      constexpr const char* kByName = "WHERE u.username = :username";
      auto user = oneUser(connection, kByName, {{"username", text}});
      const auto name = normalUserName(key);
      if (user || !name || *name == text) return user;
      return oneUser(connection, kByName, {{"username", *name}});
    }
    case UserKey::usernameFolded:
      // Names may differ in case only: the exact spelling has precedence, then the oldest account.
      return oneUser(connection,
                     "WHERE u.username_folded = :folded ORDER BY CASE WHEN u.username = :username THEN 0 ELSE 1 END, "
                     "u.created_at LIMIT 1",
                     {{"folded", text::lower(key)}, {"username", text}});
    case UserKey::email:
      return oneUser(connection, "WHERE u.email = :email", {{"email", text::lower(withoutSpaceAround(key))}});
  }
  return std::nullopt;
}

void requireActiveUser(db::Connection& connection, std::string_view id) {
  const auto user = findUser(connection, UserKey::id, id);
  if (!user) throw Problem(404, "user_not_found");
  if (user->status != "active") throw Problem(403, "account_disabled");
}

bool otherHasUsername(db::Connection& connection, std::string_view username, std::string_view exceptId,
                      bool ignoringCase) {
  if (ignoringCase) {
    return number(connection, "SELECT count(*) FROM mortise_users WHERE username_folded = :folded AND id <> :id",
                  {{"folded", text::lower(username)}, {"id", std::string(exceptId)}}) > 0;
  }
  return number(connection, "SELECT count(*) FROM mortise_users WHERE username = :username AND id <> :id",
                {{"username", std::string(username)}, {"id", std::string(exceptId)}}) > 0;
}

bool otherHasEmail(db::Connection& connection, std::string_view email, std::string_view exceptId) {
  return number(connection, "SELECT count(*) FROM mortise_users WHERE email = :email AND id <> :id",
                {{"email", std::string(email)}, {"id", std::string(exceptId)}}) > 0;
}

void insertUser(db::Connection& connection, const User& user) {
  connection.execute(
      "INSERT INTO mortise_users (id, username, username_folded, email, nickname, avatar, bio, role, status, "
      "password_hash, created_at, email_confirmed_at, token_generation, number) VALUES (:id, :username, :folded, "
      ":email, :nickname, :avatar, :bio, :role, :status, :password_hash, :created_at, :email_confirmed_at, 0, :number)",
      {{"id", user.id},
       {"username", textOrNull(user.username)},
       {"folded", textOrNull(text::lower(user.username))},
       {"email", textOrNull(user.email)},
       {"nickname", user.nickname},
       {"avatar", user.avatar},
       {"bio", user.bio ? Value{*user.bio} : Value{}},
       {"role", user.role},
       {"status", user.status},
       {"password_hash", user.passwordHash},
       {"created_at", user.createdAt},
       {"email_confirmed_at", user.emailConfirmedAt},
       {"number", user.number}});
}

void updateUser(db::Connection& connection, const User& user) {
  connection.execute(
      "UPDATE mortise_users SET username = :username, username_folded = :folded, nickname = :nickname, avatar = "
      ":avatar, bio = :bio, role = :role, status = :status, email_confirmed_at = :email_confirmed_at, tier = :tier "
      "WHERE id = :id",
      {{"id", user.id},
       {"username", textOrNull(user.username)},
       {"folded", textOrNull(text::lower(user.username))},
       {"nickname", user.nickname},
       {"avatar", user.avatar},
       {"bio", user.bio ? Value{*user.bio} : Value{}},
       {"role", user.role},
       {"status", user.status},
       {"email_confirmed_at", user.emailConfirmedAt},
       {"tier", user.tier}});
}

bool setPasswordHash(db::Connection& connection, std::string_view id, const std::string& hash) {
  return connection.execute("UPDATE mortise_users SET password_hash = :hash WHERE id = :id",
                            {{"hash", hash}, {"id", std::string(id)}}) == 1;
}

bool replacePasswordHash(db::Connection& connection, std::string_view id, const std::string& from,
                         const std::string& to) {
  return connection.execute("UPDATE mortise_users SET password_hash = :to WHERE id = :id AND password_hash = :from",
                            {{"to", to}, {"id", std::string(id)}, {"from", from}}) == 1;
}

bool nextTokenGeneration(db::Connection& connection, std::string_view id) {
  return connection.execute("UPDATE mortise_users SET token_generation = token_generation + 1 WHERE id = :id",
                            {{"id", std::string(id)}}) == 1;
}

void recordLogin(db::Connection& connection, std::string_view id, std::int64_t now) {
  connection.execute("UPDATE mortise_users SET last_login_at = :now WHERE id = :id",
                     {{"now", now}, {"id", std::string(id)}});
}

void leaveTeams(db::Connection& connection, std::string_view userId) {
  connection.execute("DELETE FROM mortise_team_members WHERE user_id = :id", {{"id", std::string(userId)}});
}

bool removeUser(db::Connection& connection, std::string_view id) {
  connection.execute("DELETE FROM mortise_sessions WHERE user_id = :id", {{"id", std::string(id)}});
  connection.execute("DELETE FROM mortise_org_members WHERE user_id = :id", {{"id", std::string(id)}});
  leaveTeams(connection, id);
  return connection.execute("DELETE FROM mortise_users WHERE id = :id", {{"id", std::string(id)}}) == 1;
}

std::vector<User> listUsers(db::Connection& connection, std::int64_t skip, std::int64_t limit) {
  const auto rows =
      connection.query(std::string(kUserColumns) + "ORDER BY u.created_at DESC, u.id DESC LIMIT :limit OFFSET :skip",
                       {{"limit", limit}, {"skip", skip}}, kUserTypes);
  std::vector<User> users;
  while (rows->next()) users.push_back(userFrom(*rows));
  return users;
}

std::int64_t countUsers(db::Connection& connection) {
  return number(connection, "SELECT total FROM mortise_counts WHERE name = 'users'", {});
}

std::int64_t countUsersWithRole(db::Connection& connection, std::string_view role) {
  return number(connection, "SELECT count(*) FROM mortise_users WHERE role = :role", {{"role", std::string(role)}});
}

void insertSession(db::Connection& connection, const SessionRow& row, std::int64_t now) {
  connection.execute(
      "INSERT INTO mortise_sessions (id, user_id, generation, created_at, rotated_at, expires_at, revoked_at) "
      "VALUES (:id, :user_id, :generation, :created_at, :rotated_at, :expires_at, 0)",
      {{"id", row.id},
       {"user_id", row.userId},
       {"generation", row.generation},
       {"created_at", now},
       {"rotated_at", row.rotatedAt},
       {"expires_at", row.expiresAt}});
}

std::optional<SessionRow> findSession(db::Connection& connection, const std::string& id) {
  constexpr ColumnType kTypes[] = {ColumnType::text, ColumnType::integer, ColumnType::integer, ColumnType::integer,
                                   ColumnType::integer};
  const auto rows = connection.query(
      "SELECT user_id, generation, rotated_at, expires_at, revoked_at FROM mortise_sessions WHERE id = :id",
      {{"id", id}}, kTypes);
  if (!rows->next()) return std::nullopt;
  return SessionRow{
      id, std::string(rows->text(0)), rows->integer(1), rows->integer(2), rows->integer(3), rows->integer(4)};
}

bool rotateSession(db::Connection& connection, const std::string& id, std::int64_t generation, std::int64_t now,
                   std::int64_t expiresAt) {
  return connection.execute(
             "UPDATE mortise_sessions SET generation = generation + 1, rotated_at = :now, expires_at = :expires_at "
             "WHERE id = :id AND generation = :generation AND revoked_at = 0 AND expires_at > :now",
             {{"now", now}, {"expires_at", expiresAt}, {"id", id}, {"generation", generation}}) == 1;
}

bool revokeSession(db::Connection& connection, const std::string& id, std::int64_t now) {
  return connection.execute("UPDATE mortise_sessions SET revoked_at = :now WHERE id = :id AND revoked_at = 0",
                            {{"now", now}, {"id", id}}) == 1;
}

void revokeSessionsOf(db::Connection& connection, std::string_view userId, std::int64_t now) {
  connection.execute("UPDATE mortise_sessions SET revoked_at = :now WHERE user_id = :user_id AND revoked_at = 0",
                     {{"now", now}, {"user_id", std::string(userId)}});
}

std::int64_t removeDeadSessions(db::Connection& connection, std::int64_t now, std::int64_t revokedBefore) {
  return connection.execute(
      "DELETE FROM mortise_sessions WHERE expires_at <= :now OR (revoked_at > 0 AND revoked_at < :revoked_before)",
      {{"now", now}, {"revoked_before", revokedBefore}});
}

void insertSetupToken(db::Connection& connection, const std::string& hash, std::int64_t now, std::int64_t expiresAt) {
  connection.execute("INSERT INTO mortise_setup (token_hash, created_at, expires_at) VALUES (:hash, :now, :expires_at)",
                     {{"hash", hash}, {"now", now}, {"expires_at", expiresAt}});
}

bool hasSetupToken(db::Connection& connection, const std::string& hash, std::int64_t now) {
  return number(connection, "SELECT count(*) FROM mortise_setup WHERE token_hash = :hash AND expires_at > :now",
                {{"hash", hash}, {"now", now}}) > 0;
}

bool takeSetupToken(db::Connection& connection, const std::string& hash, std::int64_t now) {
  return connection.execute("DELETE FROM mortise_setup WHERE token_hash = :hash AND expires_at > :now",
                            {{"hash", hash}, {"now", now}}) == 1;
}

std::int64_t removeSetupTokens(db::Connection& connection, std::int64_t expiredBefore) {
  return connection.execute("DELETE FROM mortise_setup WHERE expires_at <= :now", {{"now", expiredBefore}});
}

}  // namespace mortise::identity::store
