#include "core/identity/signed_tokens.hpp"

#include <utility>

#include "core/base/identifiers.hpp"
#include "core/base/json.hpp"
#include "core/base/problem.hpp"
#include "core/identity/roles.hpp"

namespace mortise::identity {
namespace {

constexpr std::string_view kAudience = "authenticated";

Problem invalidToken(const char* note) { return Problem(401, "invalid_token").note(note); }

std::optional<Claims> readClaims(const std::string& text) {
  char buffer[4096];  // claims are small: no allocation for them
  json::Document::AllocatorType pool(buffer, sizeof buffer);
  json::Document document(&pool, 512);
  json::ParseError error;
  if (!json::parse(text, document, error, json::Repeated::refuse) || !document.IsObject()) return std::nullopt;
  const auto integer = [&](std::string_view name) -> std::optional<std::int64_t> {
    const auto* value = json::member(document, name);
    if (!value || !value->IsInt64()) return std::nullopt;
    return value->GetInt64();
  };
  const auto expiresAt = integer("exp");
  const auto generation = integer("gen");
  Claims claims;
  claims.subject = json::textMember(document, "sub");
  claims.session = json::textMember(document, "session_id");
  claims.type = json::textMember(document, "type", "access");
  if (!expiresAt || !generation || claims.subject.empty()) return std::nullopt;
  claims.expiresAt = *expiresAt;
  claims.generation = *generation;
  if (!claims.session.empty() && (json::textMember(document, "aud") != kAudience || claims.type != "access"))
    return std::nullopt;
  if (claims.session.empty() && !json::member(document, "type")) return std::nullopt;
  return claims;
}

std::string withTimes(std::string claims, const User& user, std::int64_t nowSeconds, std::chrono::seconds life) {
  return std::move(claims) + ",\"gen\":" + std::to_string(user.tokenGeneration) +
         ",\"iat\":" + std::to_string(nowSeconds) + ",\"exp\":" + std::to_string(nowSeconds + life.count()) + "}";
}

}  // namespace

SignedTokens::SignedTokens(const Options& options)
    : key_(options.jwtAlgorithm, options.secret, options.jwtKeyFile), accessLifetime_(options.accessLifetime) {}

std::string SignedTokens::access(const User& user, const std::string& sessionId, std::int64_t nowSeconds) const {
  const bool readsAnyUser = user.role == kAdministrator || user.role == kServiceRole;
  std::string claims = "{\"sub\":" + json::quoted(user.id) + ",\"email\":" + json::quoted(user.email) +
                       ",\"role\":" + (readsAnyUser ? "\"service_role\"" : "\"authenticated\"") +
                       ",\"session_id\":" + json::quoted(sessionId) + ",\"aud\":\"" + std::string(kAudience) + "\"";
  return key_.sign(withTimes(std::move(claims), user, nowSeconds, accessLifetime_));
}

std::string SignedTokens::stateless(const User& user, const char* type, std::int64_t nowSeconds,
                                    std::chrono::seconds life) const {
  std::string claims = "{\"sub\":" + json::quoted(user.id) + ",\"username\":" + json::quoted(user.username) +
                       ",\"role\":" + json::quoted(user.role) + ",\"type\":\"" + type +
                       "\",\"jti\":" + json::quoted(uuid4());
  return key_.sign(withTimes(std::move(claims), user, nowSeconds, life));
}

std::optional<Claims> SignedTokens::read(std::string_view token) const {
  const auto text = key_.open(token);
  return text ? readClaims(*text) : std::nullopt;
}

Claims SignedTokens::requireAccess(std::string_view token, std::int64_t nowSeconds) const {
  const auto text = key_.open(token);
  if (!text) throw invalidToken("malformed, or signed otherwise");
  auto claims = readClaims(*text);
  if (!claims) throw invalidToken("claims missing or of the wrong kind");
  if (claims->type != "access") throw invalidToken("not an access token");
  if (nowSeconds >= claims->expiresAt) throw Problem(401, "token_expired");
  return std::move(*claims);
}

}  // namespace mortise::identity
