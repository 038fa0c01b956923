#include "signups.hpp"

#include <mortise/config.hpp>
#include <mortise/roles.hpp>
#include <mortise/secrets.hpp>
#include <mortise/time.hpp>
#include <mortise/uuid.hpp>

#include <algorithm>
#include <map>
#include <utility>

#include "invalid.hpp"
#include "names.hpp"
#include "sessions.hpp"
#include "signup_mail.hpp"
#include "site_url.hpp"

namespace auth {
namespace {

namespace contract = auth_contract::runtime;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;

constexpr std::int64_t kSecond = 1000000;

Problem tooSoon(std::int64_t wait) {
  const int seconds = static_cast<int>((wait + kSecond - 1) / kSecond);
  return Problem(429, "rate_limited").with("seconds", seconds).retryAfter(std::max(1, seconds));
}

long long minutes(std::int64_t microseconds) {
  return std::max<long long>(1, (microseconds + 60 * kSecond - 1) / (60 * kSecond));
}

SignupRules rulesFrom(const mortise::Config& config) {
  constexpr std::int64_t kMillisecond = 1000;
  SignupRules rules;
  rules.codeLifetime = config.duration("code_lifetime").count() * kMillisecond;
  rules.cooldown = config.duration("code_cooldown").count() * kMillisecond;
  rules.pendingLifetime = config.duration("pending_lifetime").count() * kMillisecond;
  rules.codesPerHour = config.integer("codes_per_hour");
  rules.allCodesPerHour = std::max(rules.codesPerHour, config.integer("all_codes_per_hour"));
  rules.wrongTries = config.integer("wrong_tries");
  return rules;
}

}  // namespace

Signups::Signups(mortise::Host host)
    : log_(host.log()),
      db_(host.db()),
      identity_(host.identity()),
      mail_(host.mail()),
      audit_(host.audit()),
      codes_(host.secrets().derive("sign-up codes", 32)),
      rules_(rulesFrom(host.config())),
      store_(host.db(), rules_),
      siteUrl_(siteUrlFrom(host.config())),
      redirects_(host.config().list("redirect_origins"), siteUrl_) {}

Reply Signups::startSignup(const Request& request, const contract::NewSignup& body) {
  const auto address = emailOf(body.email);
  if (body.redirectTo.has()) requireAllowedRedirect(*body.redirectTo);
  requireMail();

  Signup signup;
  signup.id = mortise::makeUuid();
  signup.email = address.text();
  signup.username = body.username;
  signup.redirectTo = body.redirectTo.valueOr("");
  const auto folded = foldUsername(signup.username);
  const auto keys = keysFor(request, address);
  // User names are public, so that one is taken may be told, and told without costing the cool-down.
  if (identity_.find(mortise::UserKey::usernameFolded, folded) ||
      store_.usernameHeld(folded, signup.email, mortise::nowMicros())) {
    throw invalid("body/username", "username_taken");
  }
  if (const auto wait = store_.waitFor(keys, mortise::nowMicros()); wait > 0) throw tooSoon(wait);

  signup.passwordHash = identity_.hashPassword(body.password);
  const auto account = identity_.find(mortise::UserKey::email, address.text());
  // An account of the agent platform may hold an address without proof that its owner reads it. The reader of the
  // mailbox decides: a code is mailed there.
  const bool hasAccount = account && account->emailConfirmedAt != 0;
  std::string code;
  const auto takenAt = mortise::nowMicros();
  const auto taken = store_.keep(
      signup, folded, keys, hasAccount,
      [&](const Signup& attempt) {
        code = SignupCodes::make();
        return codes_.mac(attempt.email, code);
      },
      takenAt,
      [&](const std::vector<Signup>&) {
        const auto& url = signup.redirectTo;
        auto text = hasAccount ? accountExistsMail(request.mailLanguage(), address.text(), url.empty() ? siteUrl_ : url)
                               : codeMail(request.mailLanguage(), code, signup.username, minutes(rules_.codeLifetime),
                                          linkFor(url, address));
        send(address, std::move(text), keys, takenAt);
      });
  if (taken.usernameTaken) throw invalid("body/username", "username_taken");
  if (taken.wait > 0) throw tooSoon(taken.wait);
  return Reply::accepted(json::from(contract::SignupAccepted{address.text()}));
}

Reply Signups::resendCode(const Request& request, const contract::AddressOnly& body) {
  const auto address = emailOf(body.email);
  requireMail();
  const auto keys = keysFor(request, address);
  std::map<std::string, std::string> codes;  // by the sign-up's id
  const auto takenAt = mortise::nowMicros();
  const auto taken = store_.renew(
      address.text(), keys,
      [&](const Signup& signup) {
        const auto code = SignupCodes::make();
        codes[signup.id] = code;
        return codes_.mac(signup.email, code);
      },
      takenAt,
      [&](const std::vector<Signup>& signups) {
        for (const auto& signup : signups) {
          send(address,
               codeMail(request.mailLanguage(), codes[signup.id], signup.username, minutes(rules_.codeLifetime),
                        linkFor(signup.redirectTo, address)),
               keys, takenAt);
        }
      });
  if (taken.wait > 0) throw tooSoon(taken.wait);
  return Reply::noContent();
}

Reply Signups::verifyCode(const Request& request, const contract::CodeCheck& body) {
  const auto address = emailOf(body.email);
  const auto mac = codes_.mac(address.text(), body.token);
  const auto signup = store_.claim(
      address.text(), codes_.addressKey(address.text()),
      [&](const std::string& stored) { return SignupCodes::same(stored, mac); }, mortise::nowMicros());
  if (!signup) throw Problem(401, "invalid_code");

  // The claim is a step of its own, because a wrong code has to stay counted. A server that dies here leaves a sign-up
  // whose code is good again when the claim ends.
  mortise::User user;
  try {
    user = db_.transaction([&](mortise::Transaction& tx) {
      auto account = accountFrom(tx, *signup);
      store_.in(tx).finish(*signup);
      audit_.in(tx).record(request, "auth.email_verified", "user:" + account.id,
                           json::object({{"by", "code"}, {"claimed", account.id != signup->id}}));
      return account;
    });
  } catch (const Problem& problem) {
    if (problem.code() == "email_taken") {
      store_.finish(*signup);
      throw Problem(401, "invalid_code").note("the address has an account meanwhile");
    }
    store_.release(*signup);
    if (problem.code() == "username_taken") throw invalid("body/username", "username_taken");
    throw;
  } catch (...) {
    store_.release(*signup);
    throw;
  }
  return Reply::ok(json::from(sessionView(identity_.openSession(user.id, mortise::SessionKind::rotating))));
}

mortise::User Signups::accountFrom(const mortise::Transaction& tx, const Signup& signup) const {
  const auto accounts = identity_.in(tx);
  for (bool first = true;; first = false) {
    const auto holder = accounts.find(mortise::UserKey::email, signup.email);
    try {
      return holder ? takenOver(accounts, *holder, signup) : created(accounts, signup);
    } catch (const Problem& problem) {
      // Another request removed the holder, or made one, between the look and the write.
      const bool moved = holder ? problem.status() == 404 : problem.code() == "email_taken";
      if (!first || !moved) throw;
    }
  }
}

mortise::User Signups::created(const mortise::Identity& accounts, const Signup& signup) const {
  mortise::NewUser user;
  user.id = signup.id;
  user.username = signup.username;
  user.email = signup.email;
  user.passwordHash = signup.passwordHash;
  user.createdAt = signup.createdAt;
  user.emailConfirmedAt = mortise::nowMicros();
  user.uniqueFolded = true;
  return accounts.create(user);
}

mortise::User Signups::takenOver(const mortise::Identity& accounts, const mortise::User& holder,
                                 const Signup& signup) const {
  // A rank was given to whoever made the account: it does not pass to the reader of a mailbox that was merely claimed.
  const bool ranks = mortise::roleRank(holder.role) > 0;
  if (holder.emailConfirmedAt != 0 || holder.status != "active" || ranks) throw Problem(409, "email_taken");
  // The account passes to the reader of the mailbox: what its maker knew (password, tokens, keys) opens it no longer.
  mortise::UserChange change;
  change.username = signup.username;
  change.uniqueFolded = true;
  change.passwordHash = signup.passwordHash;
  change.emailConfirmedAt = mortise::nowMicros();
  change.endKeys = true;
  return accounts.change(holder.id, change);
}

void Signups::purge(mortise::JobRun& run) {
  const auto dropped = store_.purge(mortise::nowMicros());
  if (dropped == 0) return;
  log_.info("expired sign-ups dropped", {{"count", dropped}});
  run.report({.target = "expired sign-ups", .deleted = dropped});
}

void Signups::requireAllowedRedirect(const std::string& url) const {
  const auto parsed = WebUrl::parse(url);
  if (!parsed) throw invalid("body/redirect_to", "uri");
  if (!redirects_.allows(*parsed)) throw invalid("body/redirect_to", "redirect_origin");
}

void Signups::requireMail() const {
  if (!mail_.configured()) throw Problem(503, "unavailable").note("sign-up needs mail: set mail.url");
}

MailKeys Signups::keysFor(const Request& request, const EmailAddress& address) const {
  return {codes_.addressKey(address.text()), codes_.callerKey(address.text(), request.network())};
}

// In the transaction that keeps the sign-up: a mail that can't be queued leaves everything as it was.
void Signups::send(const EmailAddress& address, mortise::MailText text, const MailKeys& keys,
                   std::int64_t takenAt) const {
  try {
    mail_.send({address.text(), std::move(text.subject), std::move(text.text), std::move(text.html),
                mortise::timeOf(takenAt + rules_.codeLifetime)},
               [this, keys, takenAt](bool sent, const std::string& reason) {
                 if (sent) return;
                 log_.error("a sign-up mail could not be delivered",
                            {{"address", keys.address.substr(0, 12)}, {"reason", reason}});
                 store_.releaseMail(keys, takenAt);
               });
  } catch (const Problem& problem) {
    throw Problem(503, "unavailable").retryAfter(std::max(1, problem.retryAfter())).note(problem.note());
  }
}

std::string Signups::linkFor(const std::string& redirectTo, const EmailAddress& address) const {
  const auto url = WebUrl::parse(redirectTo);
  return url ? url->withQuery("email", address.text()) : std::string();
}

}  // namespace auth
