#include "organisations/service_keys.hpp"

#include <mortise/time.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "iso_time.hpp"
#include "names.hpp"
#include "organisations/org_access.hpp"

namespace auth {
namespace {

namespace json = mortise::json;
using mortise::ApiKey;
using mortise::Problem;

constexpr std::int64_t kDay = std::int64_t{86400} * 1000000;

Problem invalid(const char* location, const char* rule) {
  return Problem(422, "validation_failed").field(location, rule);
}

// The path's organisation, which is the caller's own: any other is not told from one that does not exist.
std::string requireSameOrg(const mortise::Request& request, std::string_view role) {
  auto own = requireOwnOrg(request.principal(), role);
  if (own != request.path("org_id")) throw Problem(404, "org_not_found");
  return own;
}

// 0: never.
std::int64_t expiryFrom(const mortise::Json& body, std::int64_t now) {
  const auto days = body["expires_in_days"].optionalInteger();
  const auto at = body["expires_at"].optionalText();
  if (days && at) throw invalid("body/expires_at", "two_expiries");
  if (days) return now + *days * kDay;
  if (!at) return 0;
  const auto time = parseIsoTime(*at);
  if (!time) throw invalid("body/expires_at", "date_time");
  if (*time <= now) throw invalid("body/expires_at", "in_the_past");
  return *time;
}

// Trimmed, without empty and repeated ones, in the order given.
std::vector<std::string> wordsOf(const mortise::Json& list) {
  std::vector<std::string> words;
  for (const auto item : list) {
    std::string word(trimmed(item.text()));
    if (word.empty() || std::find(words.begin(), words.end(), word) != words.end()) continue;
    words.push_back(std::move(word));
  }
  return words;
}

std::string jsonList(const std::vector<std::string>& words) { return json::list(words).text(); }

json::Value timeOrNull(std::int64_t time) { return time == 0 ? json::Value() : json::value(mortise::isoTime(time)); }

json::Value textOrNull(const std::string& text) { return text.empty() ? json::Value() : json::value(text); }

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
      .add("created_by_user_id", textOrNull(key.createdBy))
      .add("expires_at", timeOrNull(key.expiresAt))
      .add("revoked_at", timeOrNull(key.revokedAt))
      .add("revoke_reason", textOrNull(key.revokeReason))
      .add("last_used_at", timeOrNull(key.lastUsedAt))
      .add("last_used_ip", textOrNull(key.lastUsedIp))
      .add("is_active", key.isActive && key.revokedAt == 0);
  return shown;
}

json::Value viewWithKey(const ApiKey& key) { return view(key).add("key", key.raw).build(); }

std::string target(const ApiKey& key) { return "api_key:" + key.id; }

}  // namespace

ServiceKeys::ServiceKeys(mortise::Host host) : identity_(host.identity()), audit_(host.audit()) {}

void ServiceKeys::bind(mortise::Bindings& on) {
  on.operation("createServiceKey", this, &ServiceKeys::create);
  on.operation("listServiceKeys", this, &ServiceKeys::list);
  on.operation("revokeServiceKey", this, &ServiceKeys::revoke);
  on.operation("rotateServiceKey", this, &ServiceKeys::rotate);
}

mortise::Reply ServiceKeys::create(const Request& request) {
  const auto body = request.body();
  const std::string name(trimmed(body["name"].text()));
  if (!isOneLine(name)) throw invalid("body/name", "control_character");
  const auto projects = wordsOf(body["project_ids"]);
  if (!std::all_of(projects.begin(), projects.end(), isOneLine)) throw invalid("body/project_ids", "control_character");
  const auto expiresAt = expiryFrom(body, mortise::nowMicros());
  const auto orgId = requireSameOrg(request, "admin");
  mortise::NewApiKey wanted;
  wanted.userId = request.principal().userId;
  wanted.name = name;
  wanted.kind = mortise::KeyKind::service;
  wanted.scopes = jsonList(wordsOf(body["scopes"]));
  wanted.orgId = orgId;
  if (!projects.empty()) wanted.projectIds = jsonList(projects);
  wanted.expiresAt = expiresAt;
  const auto key = identity_.mintKey(wanted);
  audit_.record(request, "auth.service_key_created", target(key),
                json::object({{"org_id", orgId}, {"name", key.name}, {"scopes", json::raw(key.scopes)}}));
  return Reply::created(viewWithKey(key));
}

mortise::Reply ServiceKeys::list(const Request& request) {
  const auto orgId = requireSameOrg(request, "member");
  json::List shown;
  for (const auto& key : identity_.listKeys({}, orgId)) {
    if (key.kind == mortise::KeyKind::service) shown.add(view(key).build());
  }
  return Reply::ok(shown.build());
}

mortise::Reply ServiceKeys::revoke(const Request& request) {
  const auto orgId = requireSameOrg(request, "admin");
  const auto key = keyOf(request, orgId);
  if (key.revokedAt != 0) return Reply::noContent();
  const auto body = request.body();
  const std::string reason = body["reason"].isText() ? body["reason"].text() : body["revoke_reason"].text();
  identity_.revokeKey(key.id, reason);
  audit_.record(request, "auth.service_key_revoked", target(key),
                json::object({{"org_id", orgId}, {"name", key.name}, {"reason", reason}}));
  return Reply::noContent();
}

mortise::Reply ServiceKeys::rotate(const Request& request) {
  const auto orgId = requireSameOrg(request, "admin");
  const auto old = keyOf(request, orgId);
  // One that was switched off must not come back as a living one.
  if (old.revokedAt != 0 || !old.isActive) throw Problem(409, "key_already_revoked");
  mortise::NewApiKey wanted;
  wanted.userId = old.userId;
  wanted.name = old.name;
  wanted.kind = mortise::KeyKind::service;
  wanted.scopes = old.scopes;
  wanted.orgId = orgId;
  wanted.projectIds = old.projectIds;
  wanted.createdBy = request.principal().userId;
  if (old.expiresAt != 0) wanted.expiresAt = mortise::nowMicros() + (old.expiresAt - old.createdAt);
  const auto key = identity_.mintKey(wanted);
  // The first revocation's reason stays: it tells which of two rotations at once was first. The other one's key is
  // never told to anybody.
  const std::string reason = "rotated by " + request.principal().userId.string() + ", replaced by " + key.id;
  if (identity_.revokeKey(old.id, reason).revokeReason != reason) {
    identity_.revokeKey(key.id, "rotation lost to another");
    throw Problem(409, "key_already_revoked");
  }
  audit_.record(request, "auth.service_key_rotated", target(old),
                json::object({{"org_id", orgId}, {"name", key.name}, {"new_id", key.id}}));
  return Reply::ok(viewWithKey(key));
}

ApiKey ServiceKeys::keyOf(const Request& request, std::string_view orgId) const {
  const auto id = request.path("key_id");
  for (auto& key : identity_.listKeys({}, orgId)) {
    if (key.kind == mortise::KeyKind::service && key.id == id) return std::move(key);
  }
  throw Problem(404, "api_key_not_found");
}

}  // namespace auth
