// The SQL of accounts, token sessions and the set-up token, and only SQL. Every function works on the connection (and
// in the transaction) of its caller.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/db/database.hpp"
#include "core/identity/user.hpp"

namespace mortise::identity::store {

struct SessionRow {
  std::string id, userId;
  std::int64_t generation = 0, rotatedAt = 0, expiresAt = 0, revokedAt = 0;
};

// Held until the transaction ends: serializes transactions that read several users and then write.
void lockUsers(db::Connection& connection);

// The first column of the first row, an integer; 0 when there is none.
std::int64_t number(db::Connection& connection, std::string_view sql, const db::Parameters& parameters);
// The next number that the row `name` of mortise_locks counts, which stays locked until the commit.
std::int64_t nextNumber(db::Connection& connection, const char* name);
std::optional<User> findUser(db::Connection& connection, UserKey by, std::string_view key);
// Throws Problem 404 user_not_found, 403 account_disabled.
void requireActiveUser(db::Connection& connection, std::string_view id);
bool otherHasUsername(db::Connection& connection, std::string_view username, std::string_view exceptId,
                      bool ignoringCase);
bool otherHasEmail(db::Connection& connection, std::string_view email, std::string_view exceptId);
void insertUser(db::Connection& connection, const User& user);
// All but id, number, e-mail, password, creation, generation, last login and membership.
void updateUser(db::Connection& connection, const User& user);
void recordLogin(db::Connection& connection, std::string_view id, std::int64_t now);
bool setPasswordHash(db::Connection& connection, std::string_view id, const std::string& hash);
bool replacePasswordHash(db::Connection& connection, std::string_view id, const std::string& from,
                         const std::string& to);
bool nextTokenGeneration(db::Connection& connection, std::string_view id);
void leaveTeams(db::Connection& connection, std::string_view userId);
bool removeUser(db::Connection& connection, std::string_view id);  // with sessions and memberships
std::vector<User> listUsers(db::Connection& connection, std::int64_t skip, std::int64_t limit);  // newest first
std::int64_t countUsers(db::Connection& connection);
std::int64_t countUsersWithRole(db::Connection& connection, std::string_view role);

void insertSession(db::Connection& connection, const SessionRow& row, std::int64_t now);
std::optional<SessionRow> findSession(db::Connection& connection, const std::string& id);
// Atomic: returns true for exactly one of several callers with the same generation.
bool rotateSession(db::Connection& connection, const std::string& id, std::int64_t generation, std::int64_t now,
                   std::int64_t expiresAt);
bool revokeSession(db::Connection& connection, const std::string& id, std::int64_t now);
void revokeSessionsOf(db::Connection& connection, std::string_view userId, std::int64_t now);
std::int64_t removeDeadSessions(db::Connection& connection, std::int64_t now, std::int64_t revokedBefore);

void insertSetupToken(db::Connection& connection, const std::string& hash, std::int64_t now, std::int64_t expiresAt);
bool hasSetupToken(db::Connection& connection, const std::string& hash, std::int64_t now);
bool takeSetupToken(db::Connection& connection, const std::string& hash, std::int64_t now);
std::int64_t removeSetupTokens(db::Connection& connection, std::int64_t expiredBefore);

}  // namespace mortise::identity::store
