// Accounts of the agent platform. Which of these failures go out with HTTP 200 is the contract's business
// (x-mortise-soft).
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/identity.hpp>
#include <mortise/module.hpp>

#include "auth_contract.hpp"
#include "login_failures.hpp"

namespace auth {

class PlatformAccounts final : public auth_contract::platform::PlatformAccounts {
 public:
  explicit PlatformAccounts(mortise::Host host);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply registerAccount(const Request& request, const auth_contract::platform::RegisterRequest& body) override;
  Reply login(const Request& request, const auth_contract::platform::LoginRequest& body) override;
  Reply refreshTokens(const Request& request, const auth_contract::platform::RefreshTokenRequest& body) override;
  Reply readAccount(const Request& request) override;
  Reply changeAccount(const Request& request, const auth_contract::platform::UpdateUserRequest& body) override;

  mortise::Db db_;
  mortise::Identity identity_;
  mortise::Audit audit_;
  LoginFailures loginFailures_;
};

}  // namespace auth
