// The module. The handlers of this class (runtime family, agent platform) stand in a file per resource: signups.cpp,
// sessions.cpp, users.cpp, platform_accounts.cpp; every other face is a class in a folder of its own.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/identity.hpp>
#include <mortise/limits.hpp>
#include <mortise/log.hpp>
#include <mortise/mail.hpp>
#include <mortise/module.hpp>
#include <mortise/sync_sessions.hpp>

#include <optional>
#include <string>
#include <string_view>

#include "administration/administration.hpp"
#include "browser/browser_accounts.hpp"
#include "email_address.hpp"
#include "keys/key_accounts.hpp"
#include "login_failures.hpp"
#include "organisations/organisations.hpp"
#include "signup_code.hpp"
#include "signup_mail.hpp"
#include "signup_store.hpp"
#include "web_url.hpp"
#include "wechat/wechat.hpp"

namespace auth {

using mortise::Problem;
using mortise::Reply;
using mortise::Request;

class Auth final : public mortise::Module {
 public:
  explicit Auth(mortise::Host host);
  void bind(mortise::Bindings& on) override;
  void start() override;

 private:
  // Runtime family
  Reply startSignup(const Request& request);
  Reply resendCode(const Request& request);
  Reply verifyCode(const Request& request);
  Reply createSession(const Request& request);
  Reply refreshSession(const Request& request);
  Reply deleteSession(const Request& request);
  Reply findUser(const Request& request);
  Reply readProfile(const Request& request);
  Reply changeProfile(const Request& request);
  Reply readUser(const Request& request);

  // Agent platform
  Reply registerAccount(const Request& request);
  Reply login(const Request& request);
  Reply refreshTokens(const Request& request);
  Reply readAccount(const Request& request);
  Reply changeAccount(const Request& request);

  void purgeSignups(mortise::JobRun& run);

  // The signed-in user's account. Problem 401 when it was deleted since the token was checked.
  mortise::User self(const Request& request) const;
  // The account that a confirmed sign-up becomes. Problem 409 username_taken or email_taken.
  mortise::User accountFrom(const Signup& signup) const;
  void requireMail() const;
  // Queues a mail that was counted at `takenAt`; gives it back when the mail can't be sent in the end.
  void send(const EmailAddress& address, MailText text, const std::string& addressKey, std::int64_t takenAt) const;
  std::string linkFor(const std::string& redirectTo, const EmailAddress& address) const;

  mortise::Host host_;
  mortise::Log log_;
  mortise::Identity identity_;
  mortise::Mail mail_;
  mortise::Audit audit_;
  SignupCodes codes_;
  SignupRules rules_;
  SignupStore signups_;
  LoginFailures loginFailures_;
  std::optional<mortise::SyncSessions> sessions_;  // of the module sync, where it runs
  std::string siteUrl_;
  RedirectRule redirects_;

  BrowserAccounts browserAccounts_;
  KeyAccounts keyAccounts_;
  Organisations organisations_;
  Administration administration_;
  WeChat weChat_;
};

// The address in a body's "email". Problem 422 when it breaks a rule.
EmailAddress emailOf(const mortise::Json& body);
Problem invalid(std::string location, std::string rule);

}  // namespace auth
