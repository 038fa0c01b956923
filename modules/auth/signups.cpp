// Sign-up by e-mailed code. Whether an address has an account must not show: both ways do the same work in the same
// order.
#include <mortise/time.hpp>
#include <mortise/uuid.hpp>

#include <algorithm>
#include <cmath>

#include "auth.hpp"
#include "names.hpp"
#include "views.hpp"

namespace auth {
namespace {

constexpr std::int64_t kSecond = 1000000;

Problem tooSoon(std::int64_t wait) {
  const int seconds = static_cast<int>((wait + kSecond - 1) / kSecond);
  return Problem(429, "rate_limited").with("seconds", seconds).retryAfter(std::max(1, seconds));
}

long long minutes(std::int64_t microseconds) {
  return std::max<long long>(1, (microseconds + 60 * kSecond - 1) / (60 * kSecond));
}

}  // namespace

Problem invalid(std::string location, std::string rule) {
  return Problem(422, "validation_failed").field(std::move(location), std::move(rule));
}

EmailAddress emailOf(const mortise::Json& body) {
  auto address = EmailAddress::parse(body["email"].text());
  if (!address) throw invalid("body/email", "email");
  return *std::move(address);
}

Reply Auth::startSignup(const Request& request) {
  const auto body = request.body();
  const auto address = emailOf(body);
  const std::string redirectTo = body["redirect_to"].text();
  if (body["redirect_to"].isText()) {
    const auto url = WebUrl::parse(redirectTo);
    if (!url) throw invalid("body/redirect_to", "uri");
    if (!redirects_.allows(*url)) throw invalid("body/redirect_to", "redirect_origin");
  }
  requireMail();

  Signup signup;
  signup.id = mortise::makeUuid();
  signup.email = address.text();
  signup.username = body["username"].text();
  signup.redirectTo = redirectTo;
  const auto folded = foldUsername(signup.username);
  const auto key = codes_.addressKey(address.text());
  // User names are public, so that one is taken may be told, and told without costing the cool-down.
  if (identity_.find(mortise::UserKey::usernameFolded, folded) ||
      signups_.usernameHeld(folded, signup.email, mortise::nowMicros())) {
    throw invalid("body/username", "username_taken");
  }
  if (const auto wait = signups_.waitFor(key, mortise::nowMicros()); wait > 0) throw tooSoon(wait);

  signup.passwordHash = identity_.hashPassword(body["password"].text());
  const auto account = identity_.find(mortise::UserKey::email, address.text());
  // An account of the agent platform may hold an address that nobody has proved to read. Whoever does decides: it is
  // mailed a code.
  const bool hasAccount = account && account->emailConfirmedAt != 0;
  const auto code = SignupCodes::make();
  signup.codeMac = codes_.mac(address.text(), code);
  const auto takenAt = mortise::nowMicros();
  const auto taken = signups_.keep(signup, folded, key, hasAccount, takenAt);
  if (taken.usernameTaken) throw invalid("body/username", "username_taken");
  if (taken.wait > 0) throw tooSoon(taken.wait);

  auto text = hasAccount
                  ? accountExistsMail(request.language(), address.text(), redirectTo.empty() ? siteUrl_ : redirectTo)
                  : codeMail(request.language(), code, minutes(rules_.codeLifetime), linkFor(redirectTo, address));
  send(address, std::move(text), key, takenAt);
  return Reply::accepted(mortise::json::object({{"email", address.text()}}));
}

Reply Auth::resendCode(const Request& request) {
  const auto address = emailOf(request.body());
  requireMail();
  const auto key = codes_.addressKey(address.text());
  const auto code = SignupCodes::make();
  const auto takenAt = mortise::nowMicros();
  const auto taken = signups_.renew(address.text(), codes_.mac(address.text(), code), key, takenAt);
  if (taken.wait > 0) throw tooSoon(taken.wait);
  if (taken.signup) {
    send(address,
         codeMail(request.language(), code, minutes(rules_.codeLifetime), linkFor(taken.signup->redirectTo, address)),
         key, takenAt);
  }
  return Reply::noContent();
}

Reply Auth::verifyCode(const Request& request) {
  const auto body = request.body();
  const auto address = emailOf(body);
  const auto mac = codes_.mac(address.text(), body["token"].text());
  const auto signup = signups_.claim(
      address.text(), [&](const std::string& stored) { return SignupCodes::same(stored, mac); }, mortise::nowMicros());
  if (!signup) throw Problem(401, "invalid_code");

  // The account is made on a connection of the kernel's, so claim, account and clean-up are three steps. Whatever stops
  // in between leaves either a sign-up whose code is good again, or an account whose leftover sign-up is dropped at the
  // next try.
  mortise::User user;
  try {
    user = accountFrom(*signup);
  } catch (const Problem& problem) {
    if (problem.code() == "email_taken") {
      signups_.finish(*signup);
      throw Problem(401, "invalid_code").note("the address has an account meanwhile");
    }
    signups_.release(*signup);
    if (problem.code() == "username_taken") throw invalid("body/username", "username_taken");
    throw;
  } catch (...) {
    signups_.release(*signup);
    throw;
  }
  try {
    signups_.finish(*signup);
  } catch (const mortise::db::Error& error) {
    log_.warning("a finished sign-up stays until it expires", {{"user", user.id}, {"error", error.what()}});
  }
  audit_.record(request, "auth.email_verified", "user:" + user.id,
                mortise::json::object({{"by", "code"}, {"claimed", user.id != signup->id}}));
  return Reply::ok(sessionView(identity_.openSession(user.id, mortise::SessionKind::rotating)));
}

mortise::User Auth::accountFrom(const Signup& signup) const {
  const auto holder = identity_.find(mortise::UserKey::email, signup.email);
  if (!holder) {
    mortise::NewUser user;
    user.id = signup.id;
    user.username = signup.username;
    user.email = signup.email;
    user.passwordHash = signup.passwordHash;
    user.createdAt = signup.createdAt;
    user.emailConfirmedAt = mortise::nowMicros();
    user.uniqueFolded = true;
    return identity_.create(user);
  }
  if (holder->emailConfirmedAt != 0 || holder->status != "active") throw Problem(409, "email_taken");
  // The account passes to the reader of the mailbox: what its maker knew (password, tokens, keys) opens it no longer.
  mortise::UserChange change;
  change.username = signup.username;
  change.uniqueFolded = true;
  change.passwordHash = signup.passwordHash;
  change.emailConfirmedAt = mortise::nowMicros();
  change.endKeys = true;
  return identity_.change(holder->id, change);
}

void Auth::purgeSignups(mortise::JobRun& run) {
  const auto dropped = signups_.purge(mortise::nowMicros());
  if (dropped == 0) return;
  log_.info("expired sign-ups dropped", {{"count", dropped}});
  if (sessions_) sessions_->reportCleaning(run, "expired sign-ups", dropped);
}

void Auth::requireMail() const {
  if (!mail_.configured()) throw Problem(503, "unavailable").note("sign-up needs mail: set mail.url");
}

void Auth::send(const EmailAddress& address, MailText text, const std::string& addressKey, std::int64_t takenAt) const {
  try {
    mail_.send({address.text(), std::move(text.subject), std::move(text.text), std::move(text.html)},
               [this, addressKey, takenAt](bool sent, const std::string& reason) {
                 if (sent) return;
                 log_.error("a sign-up mail could not be delivered",
                            {{"address", addressKey.substr(0, 12)}, {"reason", reason}});
                 signups_.giveBack(addressKey, takenAt);
               });
  } catch (const Problem& problem) {
    signups_.giveBack(addressKey, takenAt);
    throw Problem(503, "unavailable").retryAfter(std::max(1, problem.retryAfter())).note(problem.note());
  }
}

std::string Auth::linkFor(const std::string& redirectTo, const EmailAddress& address) const {
  const auto url = WebUrl::parse(redirectTo);
  return url ? url->withQuery("email", address.text()) : std::string();
}

}  // namespace auth
