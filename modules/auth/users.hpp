// Profiles and look-ups of the runtime family.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/identity.hpp>
#include <mortise/module.hpp>

#include "auth_contract.hpp"
#include "signup_store.hpp"

namespace auth {

class Users final : public auth_contract::runtime::Users {
 public:
  // `signups`: pending ones are found by their address; it outlives this object.
  Users(mortise::Host host, const SignupStore& signups);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply findUser(const Request& request) override;
  Reply readProfile(const Request& request) override;
  Reply changeProfile(const Request& request, const auth_contract::runtime::ProfileChange& body) override;
  Reply readUser(const Request& request) override;

  mortise::Db db_;
  mortise::Identity identity_;
  mortise::Audit audit_;
  const SignupStore& signups_;
};

}  // namespace auth
