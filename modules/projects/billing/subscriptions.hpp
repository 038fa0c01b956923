// What is paid for, as the provider has it now: kept beside the tiers of users and organisations that it decides.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/host.hpp>
#include <mortise/identity.hpp>
#include <mortise/jobs.hpp>
#include <mortise/log.hpp>
#include <mortise/orgs.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "billing/billing_store.hpp"
#include "billing/payment_provider.hpp"
#include "registry/project_part.hpp"

namespace projects {

// An event only says that something changed: what it changed to is asked of the provider, so that neither the order of
// events nor how often each comes matters. Of several subscriptions of one owner the newest that is paid decides its
// tier; when there is none any more the owner has what it had before the first. [worker]
class Subscriptions final : public ProjectPart {
 public:
  // `provider` must outlive this object.
  Subscriptions(mortise::Host host, const PaymentProvider& provider);

  // Takes the subscription over as the provider has it. `also` runs in the transaction that does, and may end it with
  // false: then nothing changes, as when it was taken before. False: it did. Problem 502, 503, 504.
  bool refresh(std::string_view subscriptionId, const IsStopped& isStopped,
               const std::function<bool(mortise::Transaction&)>& also);

  // The job: cancels what owners left who are gone, asks about what should have been renewed, and drops old events.
  void settle(mortise::JobRun& run);

  void removed(mortise::Transaction&, std::string_view) override {}
  void merged(mortise::Transaction&, ProjectMerge&) override {}
  void userForgotten(mortise::Transaction& tx, std::string_view userId) override;

 private:
  // Who a subscription belongs to. Empty: to nobody whom this server knows.
  std::optional<BillingOwner> ownerOf(mortise::Transaction& tx, const PaidSubscription& subscription,
                                      const std::optional<Entitlement>& known) const;
  // False: the row is another than the one that the provider was asked about.
  bool take(mortise::Transaction& tx, const std::optional<Entitlement>& known,
            const std::optional<PaidSubscription>& subscription);
  // Gives the owner what its newest paid subscription entitles it to.
  void decide(mortise::Transaction& tx, const BillingOwner& owner);
  void give(mortise::Transaction& tx, const BillingOwner& owner, BillingAccount& account,
            const Entitlement& entitlement);
  void restoreTier(mortise::Transaction& tx, const BillingOwner& owner, BillingAccount& account);

  mortise::Log log_;
  mortise::Db db_;
  mortise::Audit audit_;
  mortise::Identity identity_;
  mortise::Orgs orgs_;
  BillingStore store_;
  const PaymentProvider& provider_;
};

}  // namespace projects
