#include "core/identity/api_keys.hpp"

#include "core/base/identifiers.hpp"
#include "core/base/json.hpp"
#include "core/base/problem.hpp"
#include "core/base/text.hpp"
#include "core/identity/store.hpp"
#include "core/ops/log.hpp"

namespace mortise::identity {
namespace {

using db::ColumnType;

constexpr std::string_view kStart = "sk_sfs_";
constexpr std::size_t kPrefix = 12;
constexpr std::size_t kAddress = 45;  // the longest text of an IPv6 address
constexpr std::int64_t kUseEvery = 60'000'000;

const std::string& columns() {
  static const std::string sql =
      "SELECT id, user_id, kind, name, key_prefix, scopes, org_id, project_ids, created_at, created_by, expires_at, "
      "revoked_at, revoke_reason, is_active, last_used_at, last_used_ip, " +
      ApiKeys::restsColumn() + " FROM mortise_api_keys ";
  return sql;
}
constexpr ColumnType kTypes[] = {ColumnType::text,    ColumnType::text,    ColumnType::text,    ColumnType::text,
                                 ColumnType::text,    ColumnType::text,    ColumnType::text,    ColumnType::text,
                                 ColumnType::integer, ColumnType::text,    ColumnType::integer, ColumnType::integer,
                                 ColumnType::text,    ColumnType::integer, ColumnType::integer, ColumnType::text,
                                 ColumnType::integer};

// The SQL for: the account that `column` of a key names administers the key's organisation.
std::string administersBy(const std::string& column) {
  return "EXISTS (SELECT 1 FROM mortise_org_members m WHERE m.user_id = mortise_api_keys." + column +
         " AND m.org_id = mortise_api_keys.org_id AND m.role IN ('owner', 'admin'))";
}

ApiKey keyFrom(const db::Rows& row) {
  ApiKey key;
  key.id = row.text(0);
  key.userId = row.text(1);
  key.kind = row.text(2) == "user" ? KeyKind::user : KeyKind::service;  // an unknown kind gets the lesser rights
  key.name = row.text(3);
  key.prefix = row.text(4);
  key.scopes = fromJsonList(row.text(5));
  key.orgId = row.text(6);
  key.projectIds = fromJsonList(row.text(7));
  key.createdAt = row.integer(8);
  key.createdBy = row.text(9);
  key.expiresAt = row.integer(10);
  key.revokedAt = row.integer(11);
  key.revokeReason = row.text(12);
  key.active = row.integer(13) != 0;
  key.lastUsedAt = row.integer(14);
  key.lastUsedIp = row.text(15);
  key.rests = row.integer(16) != 0;
  return key;
}

std::optional<ApiKey> one(db::Connection& connection, const char* where, const db::Parameters& parameters) {
  const auto rows = connection.query(columns() + where, parameters, kTypes);
  if (!rows->next()) return std::nullopt;
  return keyFrom(*rows);
}

void requireSensible(const NewApiKey& request, std::int64_t now) {
  if (request.kind == KeyKind::service && request.scopes.empty())
    throw Problem(422, "validation_failed").field({"body", "scopes"}, "too_short", {{"min_length", "1"}});
  if (request.expiresAt != 0 && request.expiresAt <= now)
    throw Problem(422, "validation_failed").field({"body", "expires_at"}, "value_error").note("expiry in the past");
}

// The minter must live, and `key` gets no later expiry than its own.
void endWithMinter(db::Connection& connection, const std::string& minterId, ApiKey& key, std::int64_t now) {
  // Whoever revokes the minter right now waits for this transaction and then finds the new key.
  connection.execute("UPDATE mortise_api_keys SET is_active = is_active WHERE id = :id", {{"id", minterId}});
  const auto minter = one(connection, "WHERE id = :id", {{"id", minterId}});
  ApiKeys::requireUsable(minter, now);
  if (minter->expiresAt != 0 && (key.expiresAt == 0 || key.expiresAt > minter->expiresAt))
    key.expiresAt = minter->expiresAt;
}

// The keys that were minted with this one, and with those, and so on.
void revokeMintedWith(db::Connection& connection, const std::string& keyId, const std::string& reason,
                      std::int64_t now) {
  constexpr const char* kRevoke =
      "UPDATE mortise_api_keys SET revoked_at = :now, revoke_reason = :reason WHERE revoked_at = 0 AND id IN (WITH "
      "RECURSIVE minted (id) AS (SELECT id FROM mortise_api_keys WHERE minted_with = :id AND minted_with <> '' UNION "
      "SELECT k.id FROM "
      "mortise_api_keys k JOIN minted m ON k.minted_with = m.id AND k.minted_with <> '') SELECT id FROM minted)";
  const std::string inherited = "minted with a key that was revoked: " + reason;
  // Again, because one of them may just have minted another.
  while (connection.execute(kRevoke, {{"now", now}, {"reason", inherited}, {"id", keyId}}) > 0) {
  }
}

}  // namespace

std::string jsonList(const std::vector<std::string>& words) {
  std::string out = "[";
  for (const std::string& word : words) {
    if (out.size() > 1) out += ',';
    json::appendQuoted(out, word);
  }
  return out + "]";
}

std::vector<std::string> fromJsonList(std::string_view text) {
  std::vector<std::string> words;
  json::Document document;
  json::ParseError error;
  if (!json::parse(text, document, error) || !document.IsArray()) return words;
  for (const auto& word : document.GetArray()) {
    if (word.IsString()) words.emplace_back(json::view(word));
  }
  return words;
}

const std::string& ApiKeys::restsColumn() {
  static const std::string sql =
      "CASE WHEN kind <> 'user' AND EXISTS (SELECT 1 FROM mortise_orgs o WHERE o.id = mortise_api_keys.org_id) AND "
      "NOT (" +
      administersBy("user_id") + " AND " + administersBy("created_by") + ") THEN 1 ELSE 0 END";
  return sql;
}

ApiKey ApiKeys::mint(const NewApiKey& request, std::string& raw) {
  const std::int64_t now = nowMicros();
  requireSensible(request, now);
  std::string text = std::string(kStart) + text::hex(randomBytes(16));
  ApiKey key;
  key.id = uuid4();
  key.userId = request.userId;
  key.name = request.name;
  key.kind = request.kind;
  key.prefix = text.substr(0, kPrefix);
  key.scopes = request.scopes;
  if (key.scopes.empty()) key.scopes = {"*"};
  key.projectIds = request.projectIds;
  key.orgId = request.orgId;
  key.createdBy = request.createdBy.empty() ? request.userId : request.createdBy;
  key.createdAt = now;
  key.expiresAt = request.expiresAt;
  database_.transaction([&](db::Connection& connection) {
    store::requireActiveUser(connection, key.userId);
    if (!request.mintedWith.empty()) endWithMinter(connection, request.mintedWith, key, now);
    connection.execute(
        "INSERT INTO mortise_api_keys (id, user_id, kind, name, key_hash, key_prefix, scopes, org_id, project_ids, "
        "created_at, created_by, expires_at, minted_with) VALUES (:id, :user_id, :kind, :name, :key_hash, :key_prefix, "
        ":scopes, "
        ":org_id, :project_ids, :created_at, :created_by, :expires_at, :minted_with)",
        {{"id", key.id},
         {"user_id", key.userId},
         {"kind", std::string(key.kind == KeyKind::user ? "user" : "service")},
         {"name", key.name},
         {"key_hash", text::hex(sha256(text))},
         {"key_prefix", key.prefix},
         {"scopes", jsonList(key.scopes)},
         {"org_id", key.orgId},
         {"project_ids", jsonList(key.projectIds)},
         {"created_at", key.createdAt},
         {"created_by", key.createdBy},
         {"expires_at", key.expiresAt},
         {"minted_with", request.mintedWith}});
  });
  revision_.advance();
  raw = std::move(text);
  return key;
}

std::vector<ApiKey> ApiKeys::list(std::string_view userId, std::string_view orgId) {
  const auto connection = database_.lease(db::Access::read);
  const db::Parameters both = {{"user_id", std::string(userId)}, {"org_id", std::string(orgId)}};
  const char* const order = " ORDER BY created_at DESC, id DESC";
  std::unique_ptr<db::Rows> rows;
  if (orgId.empty()) {
    rows = connection->query(columns() + "WHERE user_id = :user_id" + order, {both[0]}, kTypes);
  } else if (userId.empty()) {
    rows = connection->query(columns() + "WHERE org_id = :org_id" + order, {both[1]}, kTypes);
  } else {
    rows = connection->query(columns() + "WHERE user_id = :user_id AND org_id = :org_id" + order, both, kTypes);
  }
  std::vector<ApiKey> keys;
  while (rows->next()) keys.push_back(keyFrom(*rows));
  return keys;
}

void ApiKeys::deactivate(std::string_view userId, std::string_view keyId) {
  database_.transaction([&](db::Connection& connection) {
    const auto key = one(connection, "WHERE id = :id", {{"id", std::string(keyId)}});
    if (!key || (!userId.empty() && key->userId != userId)) throw Problem(404, "api_key_not_found");
    connection.execute("UPDATE mortise_api_keys SET is_active = 0 WHERE id = :id", {{"id", key->id}});
  });
  revision_.advance();
}

void ApiKeys::deactivateOf(db::Connection& connection, std::string_view userId) {
  connection.execute("UPDATE mortise_api_keys SET is_active = 0 WHERE user_id = :user_id",
                     {{"user_id", std::string(userId)}});
}

ApiKey ApiKeys::revoke(std::string_view keyId, std::string_view reason) {
  std::optional<ApiKey> key;
  database_.transaction([&](db::Connection& connection) {
    const std::int64_t now = nowMicros();
    connection.execute(
        "UPDATE mortise_api_keys SET revoked_at = :now, revoke_reason = :reason WHERE id = :id AND revoked_at = 0",
        {{"now", now}, {"reason", std::string(reason)}, {"id", std::string(keyId)}});
    revokeMintedWith(connection, std::string(keyId), std::string(reason), now);
    key = one(connection, "WHERE id = :id", {{"id", std::string(keyId)}});
    if (!key) throw Problem(404, "api_key_not_found");
  });
  revision_.advance();
  return std::move(*key);
}

std::optional<ApiKey> ApiKeys::find(std::string_view raw) { return find(*database_.lease(db::Access::read), raw); }

std::optional<ApiKey> ApiKeys::find(db::Connection& connection, std::string_view raw) {
  // Looks up by hash, so that the time of the look-up reveals nothing about existing keys.
  return one(connection, "WHERE key_hash = :key_hash", {{"key_hash", text::hex(sha256(raw))}});
}

void ApiKeys::requireUsable(const std::optional<ApiKey>& key, std::int64_t now) {
  if (!key) throw Problem(401, "not_authenticated").note("unknown API key");
  if (key->revokedAt != 0) throw Problem(401, "api_key_revoked");
  if (!key->active) throw Problem(401, "not_authenticated").note("deactivated API key");
  if (key->expiresAt != 0 && key->expiresAt <= now) throw Problem(401, "api_key_expired");
}

void ApiKeys::recordUse(const ApiKey& key, std::string_view address, std::int64_t now) {
  if (now - key.lastUsedAt < kUseEvery) return;
  try {
    // The caller's identity did not change, so the revision stays.
    database_.transaction([&](db::Connection& connection) {
      connection.execute(
          "UPDATE mortise_api_keys SET last_used_at = :now, last_used_ip = :ip WHERE id = :id AND last_used_at <= "
          ":before",
          {{"now", now},
           {"ip", std::string(address.substr(0, kAddress))},
           {"id", key.id},
           {"before", now - kUseEvery}});
    });
  } catch (const db::Error& error) {
    log::warning("the use of an API key was not recorded", {{"key", key.id}, {"reason", error.what()}});
  }
}

void ApiKeys::revokeServiceKeys(db::Connection& connection, const std::string& orgId, const std::string& userId,
                                std::string_view reason) {
  std::string sql =
      "UPDATE mortise_api_keys SET revoked_at = :now, revoke_reason = :reason WHERE kind = 'service' AND org_id = "
      ":org_id AND revoked_at = 0";
  db::Parameters parameters{{"now", nowMicros()}, {"reason", std::string(reason)}, {"org_id", orgId}};
  if (!userId.empty()) {
    sql += " AND user_id = :user_id";
    parameters.emplace_back("user_id", userId);
  }
  connection.execute(sql, parameters);
}

void ApiKeys::removeOf(db::Connection& connection, std::string_view userId) {
  connection.execute("DELETE FROM mortise_api_keys WHERE user_id = :user_id", {{"user_id", std::string(userId)}});
}

}  // namespace mortise::identity
