// What administrators do to accounts of the agent platform.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/identity.hpp>
#include <mortise/module.hpp>

#include "account_removal.hpp"
#include "auth_contract.hpp"

namespace auth {

class PlatformAdministration final : public auth_contract::administration::PlatformAdministration {
 public:
  explicit PlatformAdministration(mortise::Host host);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply listAccounts(const Request& request) override;
  Reply findAccount(const Request& request) override;
  Reply deleteAccount(const Request& request) override;
  Reply setAccountStatus(const Request& request,
                         const auth_contract::administration::SetAccountStatusBody& body) override;

  // The account that the path names. Problem 404 user_not_found.
  static mortise::User named(const mortise::Identity& identity, const Request& request);
  // The same, where administrators must not touch themselves nor their equals. Problem 400 own_account, 404
  // user_not_found, 403 administrator_protected, in this order.
  mortise::User subordinate(const mortise::Transaction& tx, const Request& request) const;

  mortise::Db db_;
  mortise::Identity identity_;
  mortise::Audit audit_;
  AccountRemoval removal_;
};

}  // namespace auth
