#include "browser_accounts.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "../caller.hpp"
#include "../invalid.hpp"
#include "../rate_limit.hpp"
#include "browser_views.hpp"
#include "keys/key_views.hpp"
#include "login_name.hpp"
#include "password_mail.hpp"
#include "password_rule.hpp"

namespace auth {

namespace contract = auth_contract::browser;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;

namespace {

// A switch in a body that may be a form: absent counts as off. Problem 400 for what is no switch.
bool switchIn(const mortise::Json& body, const char* name) {
  const auto member = body[name];
  const auto text = member.isText() ? std::string(member.text()) : std::string();
  if (member.isNull() || text == "false" || text == "0" || text == "no" || text == "off") return false;
  if (text == "true" || text == "1" || text == "yes" || text == "on") return true;
  if (!member.isBoolean()) throw invalid(std::string("body/") + name, "bool_type");
  return member.boolean();
}

}  // namespace

BrowserAccounts::BrowserAccounts(mortise::Host host)
    : log_(host.log()),
      db_(host.db()),
      identity_(host.identity()),
      mail_(host.mail()),
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
  if (name.empty()) throw Problem(422, "credentials_missing").field("body/username", "missing");
  const auto failureKey = name.isEmail() ? emailFailureKey(name.text()) : nameFailureKey(identity_, name.text());
  takeLimit(limits_, "browser_login", failureKey);
  LoginFailures::Attempt attempt(loginFailures_, failureKey);
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
  const bool endKeys = switchIn(body, "revoke_api_keys");

  const auto caller = request.principal();
  takeLimit(limits_, "password_change", caller.userId);
  requireOldPassword(request, old);

  mortise::UserChange change;
  change.passwordHash = identity_.hashPassword(password);
  change.endKeys = endKeys;
  const bool byCookie = caller.credential == MORTISE_CREDENTIAL_COOKIE;
  const auto cookie = request.header("Cookie");
  const auto setCookie = db_.transaction([&](mortise::Transaction& tx) {
    const auto accounts = identity_.in(tx);
    // The change ends every session of the account. This browser's has no user meanwhile, and so the CSRF token of this
    // request stays valid.
    if (byCookie) accounts.logoutCookie(cookie);
    const auto all = accounts.listKeys(caller.userId);
    const auto keys = std::count_if(all.begin(), all.end(), isInUse);
    const auto user = accounts.change(caller.userId, change);
    audit_.in(tx).record(request, "auth.password_changed", "user:" + user.id,
                         json::object({{"api_keys", keys}, {"api_keys_ended", endKeys}}));
    notifyOwner(user, passwordChangedMail(request.mailLanguage(), keys, endKeys));
    return byCookie ? accounts.loginCookie(cookie, caller.userId).setCookie : std::string();
  });
  auto reply = Reply::status(200).message("password_changed");
  if (byCookie) reply.header("Set-Cookie", setCookie);
  return reply;
}

void BrowserAccounts::requireOldPassword(const Request& request, const std::string& old) const {
  const auto user = callerOf(identity_, request);
  // A guess here is a guess at a login, by whatever the account signs in with.
  std::optional<LoginFailures::Attempt> byName, byEmail;
  if (!user.username.empty()) byName.emplace(loginFailures_, nameFailureKey(identity_, user.username));
  if (!user.email.empty()) byEmail.emplace(loginFailures_, emailFailureKey(user.email));
  const bool fits = identity_.checkPassword(mortise::UserKey::id, user.id, old).has_value();
  for (auto* attempt : {&byName, &byEmail}) {
    if (*attempt) fits ? (*attempt)->succeeded() : (*attempt)->failed();
  }
  if (!fits) throw Problem(401, "invalid_old_password");
}

void BrowserAccounts::notifyOwner(const mortise::User& user, mortise::MailText text) const {
  // An address that nobody proved may be a stranger's.
  if (user.emailConfirmedAt == 0 || user.email.empty() || !mail_.configured()) return;
  const auto failed = [log = log_, id = user.id](const std::string& reason) {
    log.warning("the mail about a new password was not sent", {{"user", id}, {"reason", reason}});
  };
  try {
    mail_.send({user.email, std::move(text.subject), std::move(text.text), std::move(text.html)},
               [failed](bool sent, const std::string& reason) {
                 if (!sent) failed(reason);
               });
  } catch (const Problem& problem) {
    failed(problem.code() + ": " + problem.note());
  }
}

}  // namespace auth
