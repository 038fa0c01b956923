// Deletes an account with all that this module keeps of it.
#pragma once

#include <mortise/db.hpp>
#include <mortise/identity.hpp>

#include <string_view>

#include "keys/default_org_store.hpp"
#include "keys/unproved_store.hpp"
#include "wechat/oauth_store.hpp"

namespace auth {

class AccountRemoval {
 public:
  AccountRemoval(mortise::Db db, mortise::Identity identity)
      : identity_(identity), oauth_(db), defaultOrgs_(db), unproved_(db) {}

  // Within the caller's transaction, who records it in the audit trail. Problem 404 user_not_found. [worker]
  void remove(const mortise::Transaction& tx, std::string_view userId) const;
  // What this module keeps of an account that somebody else removed. [worker]
  void forget(const mortise::Transaction& tx, std::string_view userId) const;

 private:
  mortise::Identity identity_;
  OauthStore oauth_;
  DefaultOrgStore defaultOrgs_;
  UnprovedStore unproved_;
};

}  // namespace auth
