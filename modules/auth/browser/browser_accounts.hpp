// Cookie sessions with CSRF tokens: the accounts of the unified family.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/identity.hpp>
#include <mortise/limits.hpp>
#include <mortise/module.hpp>

#include "../login_failures.hpp"

namespace auth {

class BrowserAccounts {
 public:
  explicit BrowserAccounts(mortise::Host host);
  void bind(mortise::Bindings& on);

  // GET /api/v1/auth/me as a caller with a session cookie sees it. Problem 401 when the account was deleted a moment
  // ago.
  mortise::Reply profile(const mortise::Request& request) const;

 private:
  mortise::Reply readCsrfToken(const mortise::Request& request) const;
  mortise::Reply readBrowserSession(const mortise::Request& request) const;
  mortise::Reply logIn(const mortise::Request& request) const;
  mortise::Reply logOut(const mortise::Request& request) const;
  mortise::Reply changePassword(const mortise::Request& request) const;

  mortise::User self(const mortise::Request& request) const;
  void recordPasswordChange(const mortise::Request& request) const;

  mortise::Identity identity_;
  mortise::Limits limits_;
  mortise::Audit audit_;
  LoginFailures loginFailures_;
};

}  // namespace auth
