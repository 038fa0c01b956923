// What administrators do to accounts and organisations of the session sharing family.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/identity.hpp>
#include <mortise/module.hpp>
#include <mortise/orgs.hpp>

#include "auth_contract.hpp"

namespace auth {

class Administration final : public auth_contract::administration_sessionfs::Administration {
 public:
  explicit Administration(mortise::Host host);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply listUsers(const Request& request) override;
  Reply showUser(const Request& request) override;
  Reply mintKeyOnBehalf(const Request& request,
                        const auth_contract::administration_sessionfs::MintKeyOnBehalfBody& body) override;
  Reply setUserTier(const Request& request,
                    const auth_contract::administration_sessionfs::SetUserTierBody& body) override;
  Reply confirmUserEmail(const Request& request) override;
  Reply listAllOrgs(const Request& request) override;
  Reply setOrgTier(const Request& request,
                   const auth_contract::administration_sessionfs::SetOrgTierBody& body) override;

  Reply recordAdminAction(const Request& request,
                          const auth_contract::administration_sessionfs::NewAdminAction& body) override;

  // The account that the path names. Problem 404 user_not_found.
  static mortise::User named(const mortise::Identity& identity, const Request& request);
  // The same, to act on it. Problem 404 user_not_found, 403 administrator_protected.
  mortise::User subordinate(const mortise::Transaction& tx, const Request& request) const;

  mortise::Db db_;
  mortise::Identity identity_;
  mortise::Orgs orgs_;
  mortise::Audit audit_;
};

}  // namespace auth
