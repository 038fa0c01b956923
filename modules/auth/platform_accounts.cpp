#include "platform_accounts.hpp"

#include <mortise/characters.hpp>
#include <mortise/limits.hpp>

#include <cstddef>
#include <optional>
#include <string>

#include "caller.hpp"
#include "email_address.hpp"
#include "invalid.hpp"
#include "views.hpp"

namespace auth {
namespace {

namespace contract = auth_contract::platform;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;

// The address, if one was sent.
std::optional<EmailAddress> addressIn(const mortise::BodyMember<std::string>& email) {
  return email.has() ? std::optional(emailOf(*email)) : std::nullopt;
}

void requireOneLine(const mortise::BodyMember<std::string>& text, const char* location) {
  if (text.has() && !mortise::isOneLine(*text)) throw invalid(location, "control_character");
}

// The stored form of a name that the contract has checked as it was typed: without '@', so that a login field can tell
// a name from an address.
void requirePlatformUsername(const std::string& name) {
  constexpr std::size_t kMinLength = 3;
  if (name.find('@') != std::string::npos) throw invalid("body/username", "username_characters");
  if (mortise::firstCharacters(name, kMinLength - 1) == name)
    throw Problem(422, "validation_failed").field("body/username", "string_too_short", {{"min_length", "3"}});
}

contract::TokenResponse tokensView(const mortise::Tokens& tokens) {
  return {.accessToken = tokens.accessToken, .refreshToken = tokens.refreshToken};
}

Reply loggedIn(const mortise::Tokens& tokens) {
  return Reply::ok(json::from(
      contract::LoginResponse{.user = accountView<contract::UserResponse>(tokens.user), .tokens = tokensView(tokens)}));
}

Reply shown(const mortise::User& user) { return Reply::ok(json::from(accountView<contract::UserResponse>(user))); }

}  // namespace

PlatformAccounts::PlatformAccounts(mortise::Host host)
    : db_(host.db()), identity_(host.identity()), audit_(host.audit()), loginFailures_(host.limits()) {}

Reply PlatformAccounts::registerAccount(const Request& request, const contract::RegisterRequest& body) {
  const auto address = addressIn(body.email);
  mortise::NewUser user;
  user.username = body.username.valueOr("");
  user.nickname = body.nickname.valueOr("");
  requireOneLine(body.nickname, "body/nickname");
  if (address) user.email = address->text();
  if (user.username.empty() && user.email.empty()) throw Problem(400, "name_or_email_required");
  const bool named =
      user.nickname.empty() && !user.username.empty();  // the nickname becomes the user name as it is stored
  if (named) user.nickname = user.username;
  if (user.nickname.empty() && address) user.nickname = address->localPart();
  user.passwordHash = identity_.hashPassword(body.password);
  try {
    return loggedIn(db_.transaction([&](mortise::Transaction& tx) {
      const auto accounts = identity_.in(tx);
      const auto account = accounts.create(user);
      if (!account.username.empty()) requirePlatformUsername(account.username);
      if (named && account.nickname != account.username) accounts.change(account.id, {.nickname = account.username});
      audit_.in(tx).record(request, "auth.account_created", "user:" + account.id,
                           json::object({{"through", "registration"}}));
      return accounts.openSession(account.id, mortise::SessionKind::stateless);
    }));
  } catch (const Problem& problem) {
    if (problem.code() == "username_taken" || problem.code() == "email_taken") throw Problem(400, problem.code());
    if (problem.code() == "username_invalid") throw invalid("body/username", "username_characters");
    throw;
  }
}

Reply PlatformAccounts::login(const Request&, const contract::LoginRequest& body) {
  const auto address = addressIn(body.email);
  const auto username = body.username.valueOr("");
  if (username.empty() && !address) throw Problem(401, "name_or_email_required");
  const bool byName = !username.empty();
  LoginFailures::Attempt attempt(loginFailures_,
                                 byName ? nameFailureKey(identity_, username) : emailFailureKey(address->text()));
  const auto user = identity_.checkPassword(byName ? mortise::UserKey::username : mortise::UserKey::email,
                                            byName ? username : address->text(), body.password);
  if (!user) {
    attempt.failed();
    throw Problem(401, "invalid_credentials");
  }
  attempt.succeeded();
  if (user->status != "active") throw Problem(401, "account_disabled");
  return loggedIn(identity_.openSession(user->id, mortise::SessionKind::stateless));
}

Reply PlatformAccounts::refreshTokens(const Request&, const contract::RefreshTokenRequest& body) {
  try {
    return Reply::ok(json::from(tokensView(identity_.refresh(body.refreshToken))));
  } catch (const Problem& problem) {
    if (problem.status() != 401) throw;
    throw Problem(401, "invalid_refresh_token").note(problem.code());
  }
}

Reply PlatformAccounts::readAccount(const Request& request) { return shown(callerOf(identity_, request)); }

Reply PlatformAccounts::changeAccount(const Request& request, const contract::UpdateUserRequest& body) {
  requireOneLine(body.nickname, "body/nickname");
  requireOneLine(body.avatar, "body/avatar");
  mortise::UserChange change;
  change.nickname = body.nickname.optional();
  change.avatar = body.avatar.optional();
  if (!change.nickname && !change.avatar) return readAccount(request);
  return shown(changeCaller(identity_, request, change));
}

}  // namespace auth
