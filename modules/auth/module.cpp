#include <mortise/config.hpp>
#include <mortise/secrets.hpp>

#include "auth.hpp"
#include "site_url.hpp"

namespace auth {
namespace {

SignupRules rulesFrom(const mortise::Config& config) {
  constexpr std::int64_t kMillisecond = 1000;
  SignupRules rules;
  rules.codeLifetime = config.duration("code_lifetime").count() * kMillisecond;
  rules.cooldown = config.duration("code_cooldown").count() * kMillisecond;
  rules.pendingLifetime = config.duration("pending_lifetime").count() * kMillisecond;
  rules.codesPerHour = config.integer("codes_per_hour");
  rules.wrongTries = config.integer("wrong_tries");
  return rules;
}

}  // namespace

Auth::Auth(mortise::Host host)
    : host_(host),
      log_(host.log()),
      identity_(host.identity()),
      mail_(host.mail()),
      audit_(host.audit()),
      codes_(host.secrets().derive("sign-up codes", 32)),
      rules_(rulesFrom(host.config())),
      signups_(host.db(), rules_),
      loginFailures_(host.limits()),
      siteUrl_(siteUrlFrom(host.config())),
      redirects_(host.config().list("redirect_origins"), siteUrl_),
      browserAccounts_(host),
      keyAccounts_(host, browserAccounts_),
      organisations_(host),
      administration_(host),
      weChat_(host) {}

void Auth::start() { sessions_ = host_.optional<mortise::SyncSessions>(); }

void Auth::bind(mortise::Bindings& on) {
  on.operation("startSignup", &Auth::startSignup);
  on.operation("resendCode", &Auth::resendCode);
  on.operation("verifyCode", &Auth::verifyCode);

  on.operation("createSession", &Auth::createSession);
  on.operation("refreshSession", &Auth::refreshSession);
  on.operation("deleteSession", &Auth::deleteSession);

  on.operation("findUser", &Auth::findUser);
  on.operation("readProfile", &Auth::readProfile);
  on.operation("changeProfile", &Auth::changeProfile);
  on.operation("readUser", &Auth::readUser);

  on.operation("registerAccount", &Auth::registerAccount);
  on.operation("login", &Auth::login);
  on.operation("refreshTokens", &Auth::refreshTokens);
  on.operation("readAccount", &Auth::readAccount);
  on.operation("changeAccount", &Auth::changeAccount);

  on.job("purge_signups", &Auth::purgeSignups);

  browserAccounts_.bind(on);
  keyAccounts_.bind(on);
  organisations_.bind(on);
  administration_.bind(on);
  weChat_.bind(on);
}

}  // namespace auth

MORTISE_MODULE(auth::Auth)
