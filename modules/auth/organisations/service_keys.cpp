#include "organisations/service_keys.hpp"

#include <mortise/characters.hpp>
#include <mortise/paging.hpp>
#include <mortise/tier.hpp>
#include <mortise/time.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "invalid.hpp"
#include "organisations/org_access.hpp"
#include "views.hpp"

namespace auth {
namespace {

namespace contract = auth_contract::service_keys;
namespace json = mortise::json;
using mortise::ApiKey;
using mortise::Problem;
using mortise::Reply;
using mortise::Time;
using mortise::Transaction;

// The path's organisation, which is the caller's own: any other is not told from one that does not exist.
std::string requireSameOrg(const mortise::Request& request, std::string_view role) {
  auto own = requireOwnOrg(request.principal(), role);
  if (own != request.path("org_id")) throw Problem(404, "org_not_found");
  return own;
}

// What acts on the whole server, not on the organisation.
constexpr std::string_view kPlatformScopes[] = {"admin_metrics:read", "platform_sweeps:run", "skills_registry:poll",
                                                "skills_verify:run"};

// A key that runs as the caller may have such scopes if the caller administers the server. An operation that lets one
// of them in asks for an administrator's permission besides, so that the key stops when its user is one no more.
// `scopes`: a JSON list. Problem 403.
void requirePlatformScopes(const mortise::Request& request, std::string_view scopes) {
  if (request.principal().tier == mortise::kAdministratorTier) return;
  for (const auto scope : kPlatformScopes) {
    if (scopes.find(json::quoted(scope)) != std::string_view::npos)
      throw Problem(403, "platform_admin_scope")
          .with("scope", std::string(scope))
          .details(json::object({{"scope", scope}}));
  }
}

// Empty: never.
std::optional<Time> expiryFrom(const contract::NewServiceKey& body, Time now) {
  if (body.expiresInDays.has() && body.expiresAt.has()) throw invalid("body/expires_at", "two_expiries");
  if (body.expiresInDays.has()) return now + std::chrono::days(*body.expiresInDays);
  if (!body.expiresAt.has()) return std::nullopt;
  const auto time = mortise::parseTime(*body.expiresAt);
  if (!time) throw invalid("body/expires_at", "date_time");
  if (*time <= now) throw invalid("body/expires_at", "in_the_past");
  return time;
}

// Trimmed, without empty and repeated ones, in the order of `list`.
std::vector<std::string> wordsOf(const std::vector<std::string>& list) {
  std::vector<std::string> words;
  for (const auto& item : list) {
    std::string word(mortise::trimmed(item));
    if (word.empty() || std::find(words.begin(), words.end(), word) != words.end()) continue;
    words.push_back(std::move(word));
  }
  return words;
}

std::string jsonList(const std::vector<std::string>& words) { return json::list(words).text(); }

json::Object view(const ApiKey& key) {
  const bool everyProject = key.projectIds.empty() || key.projectIds == "[]";
  json::Object shown;
  shown.add("id", key.id)
      .add("name", key.name)
      .add("org_id", key.orgId)
      .add("service_key_name", key.name)
      .add("scopes", json::raw(key.scopes))
      .add("project_ids", everyProject ? json::Value() : json::raw(key.projectIds))
      .add("key_prefix", key.prefix)
      .add("created_at", mortise::isoTime(key.createdAt))
      .add("created_by_user_id", mortise::orNull(key.createdBy))
      .add("expires_at", timeOrNull(key.expiresAt))
      .add("revoked_at", timeOrNull(key.revokedAt))
      .add("revoke_reason", mortise::orNull(key.revokeReason))
      .add("last_used_at", timeOrNull(key.lastUsedAt))
      .add("last_used_ip", mortise::orNull(key.lastUsedIp))
      .add("is_active", key.isActive && key.revokedAt == 0);
  return shown;
}

json::Value viewWithKey(const ApiKey& key) { return view(key).add("key", key.raw).build(); }

std::string target(const ApiKey& key) { return "api_key:" + key.id; }

}  // namespace

ServiceKeys::ServiceKeys(mortise::Host host) : db_(host.db()), identity_(host.identity()), audit_(host.audit()) {}

Reply ServiceKeys::createServiceKey(const Request& request, const contract::NewServiceKey& body) {
  mortise::NewApiKey wish;
  wish.userId = request.principal().userId;
  wish.name = mortise::trimmed(body.name);
  if (!mortise::isOneLine(wish.name)) throw invalid("body/name", "control_character");
  wish.kind = mortise::KeyKind::service;
  wish.scopes = jsonList(wordsOf(body.scopes));
  const auto projects = wordsOf(body.projectIds.valueOr(std::vector<std::string>()));
  if (!std::all_of(projects.begin(), projects.end(), mortise::isOneLine))
    throw invalid("body/project_ids", "control_character");
  if (!projects.empty()) wish.projectIds = jsonList(projects);
  if (const auto time = expiryFrom(body, mortise::now())) wish.expiresAt = mortise::micros(*time);
  wish.orgId = requireSameOrg(request, "admin");
  requirePlatformScopes(request, wish.scopes);
  wish.mintedWith = request.principal().keyId;
  return Reply::created(viewWithKey(db_.transaction([&](Transaction& tx) {
    auto key = identity_.in(tx).mintKey(wish);
    audit_.in(tx).record(request, "auth.service_key_created", target(key),
                         json::object({{"org_id", key.orgId}, {"name", key.name}, {"scopes", json::raw(key.scopes)}}));
    return key;
  })));
}

Reply ServiceKeys::listServiceKeys(const Request& request) {
  const auto orgId = requireSameOrg(request, "member");
  json::List shown;
  for (const auto& key : identity_.listKeys({}, orgId)) {
    if (key.kind == mortise::KeyKind::service) shown.add(view(key));
  }
  return Reply::ok(shown);
}

Reply ServiceKeys::revokeServiceKey(const Request& request, const std::optional<contract::RevokeServiceKeyBody>& body) {
  const auto orgId = requireSameOrg(request, "admin");
  const auto key = keyOf(request, orgId);
  if (key.revokedAt != 0) return Reply::noContent();
  const auto sent = body.value_or(contract::RevokeServiceKeyBody());
  const auto reason = sent.reason.has() ? *sent.reason : sent.revokeReason.valueOr("");
  db_.transaction([&](Transaction& tx) {
    identity_.in(tx).revokeKey(key.id, reason);
    audit_.in(tx).record(request, "auth.service_key_revoked", target(key),
                         json::object({{"org_id", orgId}, {"name", key.name}, {"reason", reason}}));
  });
  return Reply::noContent();
}

Reply ServiceKeys::rotateServiceKey(const Request& request) {
  const auto orgId = requireSameOrg(request, "admin");
  const auto old = keyOf(request, orgId);
  // One that was switched off must not come back as a living one.
  if (old.revokedAt != 0 || !old.isActive) throw Problem(409, "key_already_revoked");
  requirePlatformScopes(request, old.scopes);
  mortise::NewApiKey wish;
  // It runs as whoever holds its text from now on: a key of a colleague would open what that colleague alone may.
  wish.userId = request.principal().userId;
  wish.name = old.name;
  wish.kind = mortise::KeyKind::service;
  wish.scopes = old.scopes;
  wish.orgId = orgId;
  wish.projectIds = old.projectIds;
  wish.mintedWith = request.principal().keyId;
  if (old.expiresAt != 0) wish.expiresAt = mortise::nowMicros() + (old.expiresAt - old.createdAt);
  return Reply::ok(viewWithKey(db_.transaction([&](Transaction& tx) {
    auto key = identity_.in(tx).mintKey(wish);
    // The first revocation's reason stays: it tells which of two rotations at once was first.
    const std::string reason = "rotated by " + wish.userId + ", replaced by " + key.id;
    if (identity_.in(tx).revokeKey(old.id, reason).revokeReason != reason) throw Problem(409, "key_already_revoked");
    audit_.in(tx).record(request, "auth.service_key_rotated", target(old),
                         json::object({{"org_id", orgId}, {"name", key.name}, {"new_id", key.id}}));
    return key;
  })));
}

ApiKey ServiceKeys::keyOf(const Request& request, std::string_view orgId) const {
  const auto id = request.path("key_id");
  for (auto& key : identity_.listKeys({}, orgId)) {
    if (key.kind == mortise::KeyKind::service && key.id == id) return std::move(key);
  }
  throw Problem(404, "api_key_not_found");
}

}  // namespace auth
