#include "keys/unproved_accounts.hpp"

#include <mortise/config.hpp>
#include <mortise/mail.hpp>
#include <mortise/roles.hpp>
#include <mortise/time.hpp>

#include "keys/verification_rule.hpp"

namespace auth {
namespace {

namespace json = mortise::json;
using mortise::Problem;
using mortise::Transaction;

constexpr std::int64_t kBatch = 100, kMaxPerRun = 1000;

}  // namespace

UnprovedAccounts::UnprovedAccounts(mortise::Host host)
    : log_(host.log()),
      db_(host.db()),
      identity_(host.identity()),
      orgs_(host.orgs()),
      audit_(host.audit()),
      orgSettings_(host.db()),
      removal_(host.db(), host.identity()),
      unproved_(host.db()),
      lifetime_(verificationRuleFrom(host).unprovedLifetime) {}

void UnprovedAccounts::removeOld(mortise::JobRun& run) {
  if (lifetime_ == 0) return;
  std::int64_t removed = 0, seen = 0;
  while (seen < kMaxPerRun && !run.cancelled()) {
    const auto accounts = unproved_.mailedBefore(mortise::nowMicros() - lifetime_, kBatch);
    if (accounts.empty()) break;
    for (const auto& account : accounts) removed += removeOne(account.userId) ? 1 : 0;
    seen += static_cast<std::int64_t>(accounts.size());
  }
  if (removed == 0) return;
  log_.info("accounts with an unproved address removed", {{"count", removed}});
  run.report({.target = "accounts with an unproved address", .deleted = removed});
}

bool UnprovedAccounts::removeOne(const std::string& userId) const {
  return db_.transaction([&](Transaction& tx) {
    unproved_.in(tx).forget(userId);
    mortise::User user;
    try {
      // Changes nothing, and lets no other transaction change the account until this one ends: its owner may prove the
      // address right now.
      user = identity_.in(tx).change(userId, {});
    } catch (const Problem& problem) {
      if (problem.status() == 404) return false;
      throw;
    }
    if (user.emailConfirmedAt != 0 || mortise::roleRank(user.role) > 0) return false;
    if (const auto membership = orgs_.in(tx).membership(userId)) {
      const auto org = orgs_.in(tx).find(membership->orgId);
      if (!org || org->seatsUsed > 1) return false;
      removeOrg(tx, org->id);
    }
    removal_.remove(tx, userId);
    audit_.in(tx).record("auth.account_deleted", "user:" + userId, json::object({{"reason", "address_not_verified"}}));
    return true;
  });
}

void UnprovedAccounts::removeOrg(const Transaction& tx, const std::string& orgId) const {
  orgs_.in(tx).remove(orgId);
  orgSettings_.in(tx).forget(orgId);
  audit_.in(tx).record("auth.org_deleted", "org:" + orgId, json::object({{"reason", "founder_not_verified"}}));
}

}  // namespace auth
