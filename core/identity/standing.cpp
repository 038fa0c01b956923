#include "core/identity/standing.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <unordered_map>

#include "core/base/problem.hpp"
#include "core/identity/api_keys.hpp"

namespace mortise::identity {
namespace {

using db::ColumnType;

constexpr std::int64_t kMicros = 1'000'000;
constexpr std::size_t kAtOnce = 32;  // ids per query; always the same statement text, so that it is prepared once

struct UserRow {
  std::string role, status;
  std::int64_t tokenGeneration = 0;
};
// Of a session with tokens or with a cookie.
struct SessionRow {
  std::string userId;
  std::int64_t expiresAt = 0, revokedAt = 0;
};

// Runs `select` ... WHERE id IN (...) over all ids, kAtOnce at a time; `read` gets each row.
template <typename Read>
void forEach(db::Connection& connection, std::string_view select, const std::set<std::string>& ids,
             std::span<const ColumnType> columns, Read read) {
  std::string sql(select);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kAtOnce; ++i) {
    names.push_back("id" + std::to_string(i));
    sql += (i == 0 ? " WHERE id IN (:" : ", :") + names.back();
  }
  sql += ")";
  for (auto next = ids.begin(); next != ids.end();) {
    db::Parameters parameters;
    for (const auto& name : names) {
      // Repeats the last id where fewer are left.
      parameters.emplace_back(name, next == ids.end() ? *ids.rbegin() : *next);
      if (next != ids.end()) ++next;
    }
    const auto rows = connection.query(sql, parameters, columns);
    while (rows->next()) read(*rows);
  }
}

std::unordered_map<std::string, UserRow> usersOf(db::Connection& connection, const std::set<std::string>& ids) {
  constexpr ColumnType kColumns[] = {ColumnType::text, ColumnType::text, ColumnType::text, ColumnType::integer};
  std::unordered_map<std::string, UserRow> entries;
  forEach(connection, "SELECT id, role, status, token_generation FROM mortise_users", ids, kColumns,
          [&](const db::Rows& row) {
            entries[std::string(row.text(0))] = {std::string(row.text(1)), std::string(row.text(2)), row.integer(3)};
          });
  return entries;
}

std::unordered_map<std::string, SessionRow> sessionsOf(db::Connection& connection, std::string_view select,
                                                       const std::set<std::string>& ids) {
  constexpr ColumnType kColumns[] = {ColumnType::text, ColumnType::text, ColumnType::integer, ColumnType::integer};
  std::unordered_map<std::string, SessionRow> entries;
  forEach(connection, select, ids, kColumns, [&](const db::Rows& row) {
    entries[std::string(row.text(0))] = {std::string(row.text(1)), row.integer(2), row.integer(3)};
  });
  return entries;
}

std::unordered_map<std::string, ApiKey> keysOf(db::Connection& connection, const std::set<std::string>& ids) {
  constexpr ColumnType kColumns[] = {ColumnType::text,    ColumnType::text,    ColumnType::integer,
                                     ColumnType::integer, ColumnType::integer, ColumnType::integer};
  static const std::string select =
      "SELECT id, user_id, expires_at, revoked_at, is_active, " + ApiKeys::restsColumn() + " FROM mortise_api_keys";
  std::unordered_map<std::string, ApiKey> entries;
  forEach(connection, select, ids, kColumns, [&](const db::Rows& row) {
    ApiKey key;
    key.id = row.text(0);
    key.userId = row.text(1);
    key.expiresAt = row.integer(2);
    key.revokedAt = row.integer(3);
    key.active = row.integer(4) != 0;
    key.rests = row.integer(5) != 0;
    auto id = key.id;
    entries.emplace(std::move(id), std::move(key));
  });
  return entries;
}

template <typename Row>
const Row* in(const std::unordered_map<std::string, Row>& rows, const std::string& id) {
  const auto entry = rows.find(id);
  return entry == rows.end() ? nullptr : &entry->second;
}

bool lives(const SessionRow* row, const std::string& userId, std::int64_t now) {
  return row != nullptr && row->userId == userId && row->revokedAt == 0 && row->expiresAt > now;
}

void end(Standing& standing, int status, const char* code) {
  standing.status = status;
  standing.code = code;
}

void judgeKey(const ApiKey* key, std::int64_t now, Standing& standing) {
  try {
    ApiKeys::requireUsable(key ? std::optional<ApiKey>(*key) : std::nullopt, now);
    standing.keyRests = key->rests;
    standing.expiresAt = key->expiresAt != 0 ? key->expiresAt / kMicros : std::numeric_limits<std::int64_t>::max();
  } catch (const Problem& problem) {
    end(standing, problem.status, problem.code.c_str());
  }
}

}  // namespace

std::vector<Standing> standingOf(db::Connection& connection, const std::vector<PrincipalPtr>& principals,
                                 std::int64_t now) {
  std::set<std::string> userIds, keyIds, cookieIds, tokenIds;
  for (const auto& principal : principals) {
    userIds.insert(principal->userId);
    if (principal->credential == Credential::key) {
      keyIds.insert(principal->keyId);
    } else if (!principal->sessionId.empty()) {
      (principal->credential == Credential::cookie ? cookieIds : tokenIds).insert(principal->sessionId);
    }
  }
  const auto users = usersOf(connection, userIds);
  const auto keys = keysOf(connection, keyIds);
  const auto cookies =
      sessionsOf(connection, "SELECT id, user_id, expires_at, revoked_at FROM mortise_cookie_sessions", cookieIds);
  const auto tokens =
      sessionsOf(connection, "SELECT id, user_id, expires_at, revoked_at FROM mortise_sessions", tokenIds);

  std::vector<Standing> standings(principals.size());
  for (std::size_t i = 0; i < principals.size(); ++i) {
    const auto& principal = *principals[i];
    auto& standing = standings[i];
    const auto* user = in(users, principal.userId);
    if (user) standing.role = user->role;
    if (principal.credential == Credential::key) {
      judgeKey(in(keys, principal.keyId), now, standing);
      if (standing.code.empty() && (!user || user->status != "active")) end(standing, 403, "account_disabled");
    } else if (principal.credential == Credential::cookie) {
      const auto* row = in(cookies, principal.sessionId);
      if (!user || user->status != "active" || !lives(row, principal.userId, now)) {
        end(standing, 401, "not_authenticated");
      } else {
        standing.expiresAt = row->expiresAt / kMicros;
      }
    } else if (user && user->status != "active") {
      end(standing, 403, "account_disabled");
    } else if (!user || user->tokenGeneration != principal.tokenGeneration ||
               (!principal.sessionId.empty() && !lives(in(tokens, principal.sessionId), principal.userId, now))) {
      end(standing, 401, "invalid_token");
    }
  }
  return standings;
}

}  // namespace mortise::identity
