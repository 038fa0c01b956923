// Sessions of the runtime family.
#pragma once

#include <mortise/identity.hpp>
#include <mortise/module.hpp>

#include "auth_contract.hpp"
#include "login_failures.hpp"

namespace auth {

auth_contract::runtime::Session sessionView(const mortise::Tokens& tokens);

class Sessions final : public auth_contract::runtime::Sessions {
 public:
  explicit Sessions(mortise::Host host);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply createSession(const Request& request, const auth_contract::runtime::Credentials& body) override;
  Reply deleteSession(const Request& request, const auth_contract::runtime::RefreshToken& body) override;
  Reply refreshSession(const Request& request, const auth_contract::runtime::RefreshToken& body) override;

  mortise::Identity identity_;
  LoginFailures loginFailures_;
};

}  // namespace auth
