// Accounts of the agent platform. Which of these failures go out with HTTP 200 is the contract's business
// (x-mortise-soft).
#include "auth.hpp"
#include "names.hpp"
#include "views.hpp"

namespace auth {
namespace {

// The address, if one was sent.
std::optional<EmailAddress> addressIn(const mortise::Json& body) {
  if (body["email"].isNull()) return std::nullopt;
  return emailOf(body);
}

void requireOneLine(const mortise::Json& body, const char* field) {
  if (!isOneLine(body[field].text())) throw invalid(std::string("body/") + field, "control_character");
}

}  // namespace

Reply Auth::registerAccount(const Request& request) {
  const auto body = request.body();
  const auto address = addressIn(body);
  mortise::NewUser user;
  user.username = body["username"].text();
  user.nickname = body["nickname"].text();
  user.password = body["password"].text();
  if (!user.username.empty() && !isPlatformUsername(user.username))
    throw invalid("body/username", "username_characters");
  requireOneLine(body, "nickname");
  if (address) user.email = address->text();
  if (user.username.empty() && user.email.empty()) throw Problem(400, "name_or_email_required");
  if (user.nickname.empty()) user.nickname = user.username;
  if (user.nickname.empty()) user.nickname = address->localPart();
  try {
    const auto made = identity_.create(user);
    return Reply::ok(loginView(identity_.openSession(made.id, mortise::SessionKind::stateless)));
  } catch (const Problem& problem) {
    if (problem.code() == "username_taken" || problem.code() == "email_taken") throw Problem(400, problem.code());
    throw;
  }
}

Reply Auth::login(const Request& request) {
  const auto body = request.body();
  const auto address = addressIn(body);
  const std::string username = body["username"].text();
  if (username.empty() && !address) throw Problem(401, "name_or_email_required");
  const bool byName = !username.empty();
  LoginFailures::Attempt attempt(loginFailures_, byName ? "name:" + username : "email:" + address->text());
  const auto user = identity_.checkPassword(byName ? mortise::UserKey::username : mortise::UserKey::email,
                                            byName ? username : address->text(), body["password"].text());
  if (!user) {
    attempt.failed();
    throw Problem(401, "invalid_credentials");
  }
  attempt.succeeded();
  if (user->status != "active") throw Problem(401, "account_disabled");
  return Reply::ok(loginView(identity_.openSession(user->id, mortise::SessionKind::stateless)));
}

Reply Auth::refreshTokens(const Request& request) {
  try {
    return Reply::ok(tokensView(identity_.refresh(request.body()["refresh_token"].text())));
  } catch (const Problem& problem) {
    if (problem.status() != 401) throw;
    throw Problem(401, "invalid_refresh_token").note(problem.code());
  }
}

Reply Auth::readAccount(const Request& request) { return Reply::ok(accountView(self(request))); }

Reply Auth::changeAccount(const Request& request) {
  const auto body = request.body();
  requireOneLine(body, "nickname");
  requireOneLine(body, "avatar");
  mortise::UserChange change;
  if (const auto nickname = body["nickname"].optionalText()) change.nickname = nickname->string();
  if (const auto avatar = body["avatar"].optionalText()) change.avatar = avatar->string();
  if (!change.nickname && !change.avatar) return readAccount(request);
  try {
    return Reply::ok(accountView(identity_.change(request.principal().userId, change)));
  } catch (const Problem& problem) {
    if (problem.status() == 404) throw Problem(401, "not_authenticated").note("the account was deleted a moment ago");
    throw;
  }
}

}  // namespace auth
