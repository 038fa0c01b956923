#include "browser_accounts.hpp"

#include <string>

#include "../rate_limit.hpp"
#include "browser_views.hpp"
#include "login_name.hpp"
#include "password_rule.hpp"

namespace auth {

using mortise::Problem;
using mortise::Reply;
using mortise::Request;

BrowserAccounts::BrowserAccounts(mortise::Host host)
    : identity_(host.identity()), limits_(host.limits()), audit_(host.audit()), loginFailures_(host.limits()) {}

void BrowserAccounts::bind(mortise::Bindings& on) {
  on.operation("readCsrfToken", this, &BrowserAccounts::readCsrfToken);
  on.operation("readBrowserSession", this, &BrowserAccounts::readBrowserSession);
  on.operation("browserLogin", this, &BrowserAccounts::logIn);
  on.operation("browserLogout", this, &BrowserAccounts::logOut);
  on.operation("changePassword", this, &BrowserAccounts::changePassword);
}

mortise::User BrowserAccounts::self(const Request& request) const {
  auto user = identity_.find(mortise::UserKey::id, request.principal().userId);
  if (!user) throw Problem(401, "not_authenticated").note("the account was deleted a moment ago");
  return *std::move(user);
}

Reply BrowserAccounts::profile(const Request& request) const { return Reply::ok(browserProfileView(self(request))); }

Reply BrowserAccounts::readCsrfToken(const Request& request) const {
  const auto session = identity_.openCookie(request.header("Cookie"));
  return Reply::ok(mortise::json::object({{"csrf_token", session.csrfToken}})).header("Set-Cookie", session.setCookie);
}

Reply BrowserAccounts::readBrowserSession(const Request& request) const {
  const auto session = identity_.openCookie(request.header("Cookie"));
  const auto user =
      request.principal().signedIn() ? identity_.find(mortise::UserKey::id, request.principal().userId) : std::nullopt;
  return Reply::ok(browserSessionView(user ? &*user : nullptr, session.csrfToken))
      .header("Set-Cookie", session.setCookie);
}

Reply BrowserAccounts::logIn(const Request& request) const {
  const auto body = request.body();
  const LoginName name(body["username"].text());
  if (name.text().empty()) throw Problem(422, "credentials_missing").field("body/username", "missing");
  takeLimit(limits_, "browser_login", name.failureKey() + " " + request.address().string());
  LoginFailures::Attempt attempt(loginFailures_, name.failureKey());
  const auto user = identity_.checkPassword(name.isEmail() ? mortise::UserKey::email : mortise::UserKey::username,
                                            name.text(), body["password"].text());
  if (!user) {
    attempt.failed();
    throw Problem(401, "invalid_credentials");
  }
  attempt.succeeded();
  if (user->status != "active") throw Problem(403, "account_disabled");
  const auto session = identity_.loginCookie(request.header("Cookie"), user->id);
  return Reply::ok(signedInView(*user, session.csrfToken)).message("signed_in").header("Set-Cookie", session.setCookie);
}

Reply BrowserAccounts::logOut(const Request& request) const {
  identity_.logoutCookie(request.header("Cookie"));
  return Reply::status(200).message("signed_out");
}

Reply BrowserAccounts::changePassword(const Request& request) const {
  const auto body = request.body();
  const std::string old = body["old_password"].text(), wanted = body["new_password"].text();
  if (wanted != body["confirm_password"].text()) throw Problem(400, "password_mismatch");
  if (wanted == old) throw Problem(400, "password_duplicated");
  if (!isStrongPassword(wanted)) throw Problem(400, "password_invalid");

  const auto caller = request.principal();
  takeLimit(limits_, "password_change", caller.userId.string() + " " + request.address().string());
  if (!identity_.checkPassword(mortise::UserKey::id, caller.userId, old)) throw Problem(401, "invalid_old_password");

  mortise::UserChange change;
  change.passwordHash = identity_.hashPassword(wanted);
  auto reply = Reply::status(200).message("password_changed");
  if (caller.credential != MORTISE_CREDENTIAL_COOKIE) {
    identity_.change(caller.userId, change);
    recordPasswordChange(request);
    return reply;
  }
  // The change ends every session of the account. This browser's is nobody's meanwhile, and so survives with the CSRF
  // tokens that its pages hold.
  const auto cookie = request.header("Cookie");
  identity_.logoutCookie(cookie);
  identity_.change(caller.userId, change);
  recordPasswordChange(request);
  reply.header("Set-Cookie", identity_.loginCookie(cookie, caller.userId).setCookie);
  return reply;
}

void BrowserAccounts::recordPasswordChange(const Request& request) const {
  audit_.record(request, "auth.password_changed", "user:" + request.principal().userId.string());
}

}  // namespace auth
