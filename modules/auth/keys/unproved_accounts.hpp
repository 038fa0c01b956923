// Accounts made with a key whose address nobody proved go after a while, so that an address is not taken for ever by
// somebody who never read its mail.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/identity.hpp>
#include <mortise/jobs.hpp>
#include <mortise/log.hpp>
#include <mortise/module.hpp>
#include <mortise/orgs.hpp>

#include <cstdint>
#include <string>

#include "account_removal.hpp"
#include "keys/unproved_store.hpp"
#include "organisations/org_settings_store.hpp"

namespace auth {

class UnprovedAccounts {
 public:
  explicit UnprovedAccounts(mortise::Host host);

  // The work of a job: removes those whose link the relay took longer ago than `unproved_lifetime`, a thousand at most.
  // Whoever got more than a sign-up gives stays: administrators, and members of an organisation that has others. One
  // that the account founded and is alone in goes with it. Removes none where the lifetime is 0, addresses count as
  // proved at once, or no mail can be sent.
  void removeOld(mortise::JobRun& run);

 private:
  // False: the account stays, and is not looked at again.
  bool removeOne(const std::string& userId) const;
  void removeOrg(const mortise::Transaction& tx, const std::string& orgId) const;

  mortise::Log log_;
  mortise::Db db_;
  mortise::Identity identity_;
  mortise::Orgs orgs_;
  mortise::Audit audit_;
  OrgSettingsStore orgSettings_;
  AccountRemoval removal_;
  UnprovedStore unproved_;
  std::int64_t lifetime_;  // microseconds; 0: for ever
};

}  // namespace auth
