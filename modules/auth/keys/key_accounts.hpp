// Sign-up with an API key, verification by link, and a user's own keys: the accounts of the sessionfs family.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/identity.hpp>
#include <mortise/log.hpp>
#include <mortise/mail.hpp>
#include <mortise/module.hpp>
#include <mortise/orgs.hpp>
#include <mortise/secrets.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth_contract.hpp"
#include "browser/browser_accounts.hpp"
#include "keys/default_org_store.hpp"
#include "keys/unproved_store.hpp"
#include "keys/verification_rule.hpp"
#include "keys/verification_text.hpp"
#include "neighbours.hpp"

namespace auth {

class KeyAccounts final : public auth_contract::keys::Keys {
 public:
  // `browsers` shows the account to callers with a session cookie. Both must outlive this object.
  KeyAccounts(mortise::Host host, const BrowserAccounts& browsers, const Neighbours& neighbours);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;
  using Transaction = mortise::Transaction;

  Reply signUp(const Request& request, const auth_contract::keys::KeySignup& body) override;
  Reply showVerification(const Request& request) override;
  Reply showVerificationByQuery(const Request& request) override;
  Reply verifyAddress(const Request& request) override;
  Reply verifyAddressByQuery(const Request& request) override;

  Reply readMe(const Request& request) override;
  Reply readMeShort(const Request& request) override { return readMe(request); }
  Reply chooseDefaultOrg(const Request& request, const auth_contract::keys::DefaultOrg& body) override;

  Reply createKey(const Request& request, const std::optional<auth_contract::keys::NewKey>& body) override;
  Reply listKeys(const Request& request) override;
  Reply deactivateKey(const Request& request) override;
  Reply createPersonalKey(const Request& request, const auth_contract::keys::NewPersonalKey& body) override;
  Reply listPersonalKeys(const Request& request) override;
  Reply revokePersonalKey(const Request& request, const auth_contract::keys::KeyRevocation& body) override;

  std::vector<auth_contract::keys::RepresentedPersona> personasOf(std::string_view userId) const;
  // `expiresAt`: microseconds since the epoch; 0: never.
  mortise::ApiKey mint(const Request& request, const std::string& name, std::int64_t expiresAt);
  // Problem 409 too_many_api_keys. Until `tx` ends no other transaction counts the user's keys.
  void requireRoomForKey(mortise::Transaction& tx, const std::string& userId) const;
  // Mails a link after the commit. What can't be sent is no unproved account: it could never be proved.
  void mailLink(const Transaction& tx, const mortise::User& user, std::string_view language) const;
  std::string linkFor(const mortise::User& user) const;
  // The account that a link is about. Without one the outcome says why.
  std::optional<mortise::User> claimant(std::string_view token, Verification& outcome) const;
  Reply show(const Request& request, std::string_view token) const;
  Reply verify(const Request& request, std::string_view token) const;

  const BrowserAccounts& browsers_;
  const Neighbours& neighbours_;
  mortise::Log log_;
  mortise::Db db_;
  mortise::Identity identity_;
  mortise::Mail mail_;
  mortise::Orgs orgs_;
  mortise::Secrets secrets_;
  mortise::Audit audit_;
  DefaultOrgStore defaultOrgs_;
  UnprovedStore unproved_;
  VerificationRule verification_;
  std::int64_t maxKeys_;
  std::string serverVersion_;
};

}  // namespace auth
