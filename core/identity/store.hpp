// The SQL of accounts, token sessions and the set-up token, and only SQL. Every function works inside the session (and
// transaction) of its caller.
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

// Held until the transaction ends: one at a time for what looks at several users and then writes.
void lockUsers(db::Session& session);

// One that no account had before. After lockUsers().
std::int64_t nextUserNumber(db::Session& session);
std::optional<User> findUser(db::Session& session, UserKey by, std::string_view key);
// Throws Problem 404 user_not_found, 403 account_disabled.
void requireActiveUser(db::Session& session, std::string_view id);
bool otherHasUsername(db::Session& session, std::string_view username, std::string_view exceptId, bool ignoringCase);
bool otherHasEmail(db::Session& session, std::string_view email, std::string_view exceptId);
void insertUser(db::Session& session, const User& user);
// All but id, number, e-mail, password, creation, generation, last login and membership.
void updateUser(db::Session& session, const User& user);
void recordLogin(db::Session& session, std::string_view id, std::int64_t now);
bool setPasswordHash(db::Session& session, std::string_view id, const std::string& hash);
bool replacePasswordHash(db::Session& session, std::string_view id, const std::string& from, const std::string& to);
bool nextTokenGeneration(db::Session& session, std::string_view id);
bool removeUser(db::Session& session, std::string_view id);  // with sessions and membership
std::vector<User> listUsers(db::Session& session, std::int64_t skip, std::int64_t limit);  // newest first
std::int64_t countUsers(db::Session& session);
std::int64_t countUsersWithRole(db::Session& session, std::string_view role);

void insertSession(db::Session& session, const SessionRow& row, std::int64_t now);
std::optional<SessionRow> findSession(db::Session& session, const std::string& id);
// The one atomic step: true for exactly one of several callers with the same generation.
bool rotateSession(db::Session& session, const std::string& id, std::int64_t generation, std::int64_t now,
                   std::int64_t expiresAt);
bool revokeSession(db::Session& session, const std::string& id, std::int64_t now);
void revokeSessionsOf(db::Session& session, std::string_view userId, std::int64_t now);
std::int64_t removeDeadSessions(db::Session& session, std::int64_t now, std::int64_t revokedBefore);

void insertSetupToken(db::Session& session, const std::string& hash, std::int64_t now, std::int64_t expiresAt);
bool hasSetupToken(db::Session& session, const std::string& hash, std::int64_t now);
bool takeSetupToken(db::Session& session, const std::string& hash, std::int64_t now);
std::int64_t removeSetupTokens(db::Session& session, std::int64_t expiredBefore);

}  // namespace mortise::identity::store
