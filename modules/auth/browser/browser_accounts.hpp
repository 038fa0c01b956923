// Cookie sessions with CSRF tokens: the accounts of the unified family.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/identity.hpp>
#include <mortise/limits.hpp>
#include <mortise/log.hpp>
#include <mortise/mail.hpp>
#include <mortise/mail_text.hpp>
#include <mortise/module.hpp>

#include <string>

#include "auth_contract.hpp"
#include "login_failures.hpp"

namespace auth {

class BrowserAccounts final : public auth_contract::browser::BrowserSessions {
 public:
  explicit BrowserAccounts(mortise::Host host);

  // GET /api/v1/auth/me as a caller with a session cookie sees it. Problem 401 when the account was deleted a moment
  // ago.
  mortise::Reply profile(const mortise::Request& request) const;

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply readCsrfToken(const Request& request) override;
  Reply readBrowserSession(const Request& request) override;
  Reply browserLogin(const Request& request, const mortise::Json& body) override;
  Reply browserLogout(const Request& request) override;
  Reply changePassword(const Request& request, const mortise::Json& body) override;

  // Problem 401 invalid_old_password, which counts as a failed login; 429 rate_limited when the account is locked.
  void requireOldPassword(const Request& request, const std::string& old) const;
  // Mails to an address that is proved; what can't be sent is logged.
  void notifyOwner(const mortise::User& user, mortise::MailText text) const;

  mortise::Log log_;
  mortise::Db db_;
  mortise::Identity identity_;
  mortise::Mail mail_;
  mortise::Limits limits_;
  mortise::Audit audit_;
  LoginFailures loginFailures_;
};

}  // namespace auth
