#include "library/session_path.hpp"

#include <mortise/problem.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace session_sharing {
namespace {

using mortise::Problem;

constexpr std::string_view kIdPrefix = "ses_";

bool isLower(char c) { return c >= 'a' && c <= 'z'; }
bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isAlphanumeric(char c) { return isLower(c) || isDigit(c) || (c >= 'A' && c <= 'Z'); }
bool isIdCharacter(char c) { return isLower(c) || isDigit(c); }
bool isAliasCharacter(char c) { return isAlphanumeric(c) || c == '_' || c == '-'; }

CapturedSession own(const CapturedSessionStore& store, const mortise::Request& request, const std::string& name) {
  auto session = store.findOwn(request.principal().userId, name);
  if (!session) throw Problem(404, "session_not_found");
  return std::move(*session);
}

}  // namespace

bool isSessionId(std::string_view text) {
  if (text.substr(0, kIdPrefix.size()) != kIdPrefix) return false;
  const auto rest = text.substr(kIdPrefix.size());
  return rest.size() >= 8 && rest.size() <= 40 && std::all_of(rest.begin(), rest.end(), isIdCharacter);
}

bool isAlias(std::string_view text) {
  return text.size() >= 3 && text.size() <= 100 && isAlphanumeric(text.front()) &&
         std::all_of(text.begin(), text.end(), isAliasCharacter);
}

CapturedSession ownSession(const CapturedSessionStore& store, const mortise::Request& request) {
  const std::string name = request.path("session_id");
  if (!isSessionId(name) && !isAlias(name)) throw Problem(400, "session_id_invalid");
  return own(store, request, name);
}

CapturedSession liveSession(const CapturedSessionStore& store, const mortise::Request& request) {
  auto session = ownSession(store, request);
  if (session.isDeleted) throw Problem(404, "session_not_found");
  return session;
}

CapturedSession ownSessionById(const CapturedSessionStore& store, const mortise::Request& request) {
  const std::string id = request.path("session_id");
  if (!isSessionId(id)) throw Problem(400, "session_id_invalid");
  return own(store, request, id);
}

}  // namespace session_sharing
