// What administrators do to accounts, in the agent platform and the sessionfs family.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/identity.hpp>
#include <mortise/module.hpp>
#include <mortise/orgs.hpp>

#include <string>

#include "../keys/default_org_store.hpp"
#include "../wechat/oauth_store.hpp"

namespace auth {

class Administration {
 public:
  explicit Administration(mortise::Host host);
  void bind(mortise::Bindings& on);

 private:
  // Agent platform
  mortise::Reply listAccounts(const mortise::Request& request) const;
  mortise::Reply findAccount(const mortise::Request& request) const;
  mortise::Reply setAccountStatus(const mortise::Request& request) const;
  mortise::Reply deleteAccount(const mortise::Request& request) const;

  // Session sharing
  mortise::Reply listUsers(const mortise::Request& request) const;
  mortise::Reply showUser(const mortise::Request& request) const;
  mortise::Reply mintKeyOnBehalf(const mortise::Request& request) const;
  mortise::Reply setUserTier(const mortise::Request& request) const;
  mortise::Reply confirmUserEmail(const mortise::Request& request) const;
  mortise::Reply listAllOrgs(const mortise::Request& request) const;
  mortise::Reply setOrgTier(const mortise::Request& request) const;

  // The account that the path names. Problem 404 user_not_found.
  mortise::User named(const mortise::Request& request) const;
  // The same, where administrators must not touch themselves nor each other. Problem 400 own_account, 404
  // user_not_found, 403 administrator_protected, in this order.
  mortise::User subordinate(const mortise::Request& request) const;

  mortise::Identity identity_;
  mortise::Orgs orgs_;
  mortise::Audit audit_;
  OauthStore oauth_;
  DefaultOrgStore defaultOrgs_;
};

}  // namespace auth
