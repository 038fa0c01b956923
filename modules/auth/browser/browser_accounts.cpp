#include "browser_accounts.hpp"

#include <string>

#include "../caller.hpp"
#include "../rate_limit.hpp"
#include "browser_views.hpp"
#include "login_name.hpp"
#include "password_rule.hpp"

namespace auth {

namespace contract = auth_contract::browser;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;

BrowserAccounts::BrowserAccounts(mortise::Host host)
    : db_(host.db()),
      identity_(host.identity()),
      limits_(host.limits()),
      audit_(host.audit()),
      loginFailures_(host.limits()) {}

Reply BrowserAccounts::profile(const Request& request) const {
  return Reply::ok(json::from(browserProfileView(callerOf(identity_, request))));
}

Reply BrowserAccounts::readCsrfToken(const Request& request) {
  const auto session = identity_.openCookie(request.header("Cookie"));
  return Reply::ok(json::from(contract::CsrfToken{session.csrfToken})).header("Set-Cookie", session.setCookie);
}

Reply BrowserAccounts::readBrowserSession(const Request& request) {
  const auto session = identity_.openCookie(request.header("Cookie"));
  const auto user =
      request.principal().signedIn() ? identity_.find(mortise::UserKey::id, request.principal().userId) : std::nullopt;
  return Reply::ok(json::from(browserSessionView(user ? &*user : nullptr, session.csrfToken)))
      .header("Set-Cookie", session.setCookie);
}

Reply BrowserAccounts::browserLogin(const Request& request, const mortise::Json& body) {
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
  return Reply::ok(json::from(signedInView(*user, session.csrfToken)))
      .message("signed_in")
      .header("Set-Cookie", session.setCookie);
}

Reply BrowserAccounts::browserLogout(const Request& request) {
  identity_.logoutCookie(request.header("Cookie"));
  return Reply::status(200).message("signed_out");
}

Reply BrowserAccounts::changePassword(const Request& request, const mortise::Json& body) {
  const std::string old = body["old_password"].text(), password = body["new_password"].text();
  if (password != body["confirm_password"].text()) throw Problem(400, "password_mismatch");
  if (password == old) throw Problem(400, "password_duplicated");
  if (!isStrongPassword(password)) throw Problem(400, "password_invalid");

  const auto caller = request.principal();
  takeLimit(limits_, "password_change", caller.userId.string() + " " + request.address().string());
  if (!identity_.checkPassword(mortise::UserKey::id, caller.userId, old)) throw Problem(401, "invalid_old_password");

  mortise::UserChange change;
  change.passwordHash = identity_.hashPassword(password);
  const bool byCookie = caller.credential == MORTISE_CREDENTIAL_COOKIE;
  const auto cookie = request.header("Cookie");
  const auto setCookie = db_.transaction([&](mortise::Transaction& tx) {
    const auto accounts = identity_.in(tx);
    // The change ends every session of the account. This browser's has no user meanwhile, and so survives with the CSRF
    // tokens that its pages hold.
    if (byCookie) accounts.logoutCookie(cookie);
    accounts.change(caller.userId, change);
    audit_.in(tx).record(request, "auth.password_changed", "user:" + caller.userId.string());
    return byCookie ? accounts.loginCookie(cookie, caller.userId).setCookie : std::string();
  });
  auto reply = Reply::status(200).message("password_changed");
  if (byCookie) reply.header("Set-Cookie", setCookie);
  return reply;
}

}  // namespace auth
