#include "billing/subscriptions.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>
#include <mortise/tier.hpp>
#include <mortise/time.hpp>
#include <mortise/uuid.hpp>

#include <chrono>
#include <utility>

namespace projects {
namespace {

namespace json = mortise::json;
using mortise::Problem;
using mortise::Transaction;

constexpr int kTries = 3;
constexpr std::size_t kPage = 100;
constexpr int kMaxTimeouts = 3;  // then the provider is away, and the job asks it no more
constexpr std::int64_t kGiB = std::int64_t{1} << 30;
constexpr std::chrono::hours kGrace{24};            // a renewal may be late for so long before the provider is asked
constexpr std::chrono::hours kEventsKept{24 * 90};  // the provider repeats events for days

// Thrown out of a transaction of which nothing may stay.
struct Stale {};

BillingAccount accountOf(const BillingStore& store, const BillingOwner& owner) {
  if (auto account = store.account(owner)) return *std::move(account);
  BillingAccount account;
  account.ownerType = owner.type;
  account.ownerId = owner.id;
  return account;
}

std::string targetOf(const BillingOwner& owner) { return (owner.type == OwnerType::org ? "org:" : "user:") + owner.id; }

}  // namespace

Subscriptions::Subscriptions(mortise::Host host, const PaymentProvider& provider)
    : log_(host.log()),
      db_(host.db()),
      audit_(host.audit()),
      identity_(host.identity()),
      orgs_(host.orgs()),
      store_(db_),
      provider_(provider) {}

bool Subscriptions::refresh(std::string_view subscriptionId, const IsStopped& isStopped,
                            const std::function<bool(Transaction&)>& also) {
  for (int tries = 0; tries < kTries; ++tries) {
    const auto known = store_.ofSubscription(provider_.name(), subscriptionId);
    const auto subscription = provider_.subscription(subscriptionId, isStopped);
    try {
      return db_.transaction([&](Transaction& tx) {
        tx.lock("subscription:" + std::string(subscriptionId));
        if (!also(tx)) return false;
        if (!take(tx, known, subscription)) throw Stale();
        return true;
      });
    } catch (const Stale&) {
      continue;  // another one took it over meanwhile: what was asked may be older than that
    }
  }
  throw Problem(503, "unavailable").retryAfter(1).note("a subscription changes faster than it can be asked about");
}

std::optional<BillingOwner> Subscriptions::ownerOf(Transaction& tx, const PaidSubscription& subscription,
                                                   const std::optional<Entitlement>& known) const {
  std::optional<BillingOwner> owner = subscription.owner;
  if (known) {
    owner = known->owner();
  } else if (!owner && !subscription.customerId.empty()) {
    if (const auto account = store_.in(tx).ofCustomer(subscription.customerId))
      owner = BillingOwner{account->ownerType, account->ownerId};
  }
  if (!owner) return std::nullopt;
  const bool isThere = owner->type == OwnerType::org
                           ? orgs_.in(tx).find(owner->id).has_value()
                           : identity_.in(tx).find(mortise::UserKey::id, owner->id).has_value();
  return isThere ? owner : std::nullopt;
}

bool Subscriptions::take(Transaction& tx, const std::optional<Entitlement>& known,
                         const std::optional<PaidSubscription>& subscription) {
  const auto store = store_.in(tx);
  const auto now = mortise::now();
  auto stored = known ? store.ofSubscription(known->source, known->subscriptionId) : std::nullopt;
  if (known && (!stored || stored->revision != known->revision)) return false;
  if (!subscription) {
    if (!stored) return true;
    stored->status = EntitlementStatus::ended;
    stored->providerStatus = "gone";
    stored->updatedAt = now;
    if (!store.change(*stored)) return false;
    decide(tx, stored->owner());
    return true;
  }
  if (!known && store.ofSubscription(provider_.name(), subscription->id)) return false;
  const auto owner = ownerOf(tx, *subscription, stored);
  if (!owner) {
    log_.warning("a subscription of nobody was reported",
                 {{"subscription", subscription->id}, {"customer", subscription->customerId}});
    return true;
  }
  if (!subscription->tier && subscription->isPaid) {
    log_.error("a subscription is for a price that no option names; it changes nothing",
               {{"subscription", subscription->id}, {"owner", targetOf(*owner)}});
    return true;
  }
  tx.lock("billing:" + targetOf(*owner));
  auto account = accountOf(store, *owner);
  if (!subscription->customerId.empty() && account.customerId != subscription->customerId) {
    account.customerId = subscription->customerId;
    store.put(account);
  }
  Entitlement entitlement = stored.value_or(Entitlement());
  if (subscription->tier) entitlement.tier = *subscription->tier;
  entitlement.seats = subscription->seats;
  entitlement.storageBytes = entitlement.tier == "team" ? subscription->seats * kGiB : 0;
  entitlement.providerStatus = subscription->status;
  entitlement.periodEnd = subscription->periodEnd;
  entitlement.updatedAt = now;
  const bool wasActive = entitlement.status == EntitlementStatus::active;
  if (!subscription->isPaid) entitlement.status = EntitlementStatus::ended;
  if (subscription->isPaid && !wasActive) entitlement.status = EntitlementStatus::waiting;
  if (stored) {
    if (!store.change(entitlement)) return false;
  } else {
    if (!subscription->tier) return true;  // never paid, and for nothing that is sold here
    entitlement.id = mortise::makePrefixedId("ent_");
    entitlement.ownerType = owner->type;
    entitlement.ownerId = owner->id;
    entitlement.source = provider_.name();
    entitlement.subscriptionId = subscription->id;
    entitlement.startedAt = subscription->startedAt;
    entitlement.createdAt = now;
    store.add(entitlement);
  }
  decide(tx, *owner);
  return true;
}

void Subscriptions::decide(Transaction& tx, const BillingOwner& owner) {
  const auto store = store_.in(tx);
  auto account = accountOf(store, owner);
  const auto paid = store.paid(owner);
  if (paid.empty()) {
    if (account.tierGiven) restoreTier(tx, owner, account);
    return;
  }
  // Those that give way first: one owner has one active row.
  for (std::size_t i = 1; i < paid.size(); ++i) {
    if (paid[i].status == EntitlementStatus::active) store.setStatus(paid[i].id, EntitlementStatus::waiting);
  }
  if (paid.front().status != EntitlementStatus::active) store.setStatus(paid.front().id, EntitlementStatus::active);
  give(tx, owner, account, paid.front());
}

void Subscriptions::give(Transaction& tx, const BillingOwner& owner, BillingAccount& account,
                         const Entitlement& entitlement) {
  if (owner.type == OwnerType::org) {
    const auto org = mortise::orNotFound(orgs_.in(tx).find(owner.id), "org_not_found");
    // Most events change nothing that counts here.
    if (account.tierGiven == entitlement.tier && org.tier == entitlement.tier && org.seatsLimit == entitlement.seats &&
        org.storageLimit == entitlement.storageBytes)
      return;
    if (!account.tierGiven) {
      account.tierBefore = org.tier;
      account.seatsBefore = org.seatsLimit;
      account.storageBefore = org.storageLimit;
    }
    mortise::OrgChange change;
    change.tier = entitlement.tier;
    change.seatsLimit = entitlement.seats;
    change.storageLimit = entitlement.storageBytes;
    orgs_.in(tx).change(owner.id, change);
  } else {
    const auto user = mortise::orNotFound(identity_.in(tx).find(mortise::UserKey::id, owner.id), "user_not_found");
    // An administrator of the server has every feature by the role.
    if (user.tier == mortise::kAdministratorTier) return;
    if (account.tierGiven == entitlement.tier && user.tier == entitlement.tier) return;
    if (!account.tierGiven) account.tierBefore = user.tier;
    mortise::UserChange change;
    change.tier = entitlement.tier;
    identity_.in(tx).change(owner.id, change);
  }
  account.tierGiven = entitlement.tier;
  store_.in(tx).put(account);
  audit_.in(tx).record("projects.entitlement_given", targetOf(owner),
                       json::object({{"tier", entitlement.tier},
                                     {"seats", entitlement.seats},
                                     {"entitlement_id", entitlement.id},
                                     {"subscription_id", entitlement.subscriptionId}}));
  log_.info("a subscription decides a tier", {{"owner", targetOf(owner)}, {"tier", entitlement.tier}});
}

void Subscriptions::restoreTier(Transaction& tx, const BillingOwner& owner, BillingAccount& account) {
  // Where an administrator has set another tier meanwhile, that stays.
  if (owner.type == OwnerType::org) {
    const auto org = orgs_.in(tx).find(owner.id);
    if (org && org->tier == account.tierGiven) {
      mortise::OrgChange change;
      change.tier = account.tierBefore;
      change.seatsLimit = account.seatsBefore;
      change.storageLimit = account.storageBefore;
      orgs_.in(tx).change(owner.id, change);
    }
  } else {
    const auto user = identity_.in(tx).find(mortise::UserKey::id, owner.id);
    if (user && user->tier == account.tierGiven) {
      mortise::UserChange change;
      change.tier = account.tierBefore;
      identity_.in(tx).change(owner.id, change);
    }
  }
  audit_.in(tx).record("projects.entitlement_ended", targetOf(owner),
                       json::object({{"tier", account.tierGiven}, {"tier_before", account.tierBefore}}));
  log_.info("a subscription has ended", {{"owner", targetOf(owner)}, {"tier", account.tierGiven.value_or("")}});
  account.tierGiven.reset();
  account.tierBefore.reset();
  account.seatsBefore.reset();
  account.storageBefore.reset();
  store_.in(tx).put(account);
}

void Subscriptions::userForgotten(Transaction& tx, std::string_view userId) {
  store_.in(tx).ownerGone({OwnerType::user, std::string(userId)}, mortise::now());
}

void Subscriptions::settle(mortise::JobRun& run) {
  const auto isStopped = [&] { return run.cancelled(); };
  std::int64_t cancelled = 0, asked = 0, failed = 0;
  int timeouts = 0;  // one after the other
  // All of a list, page by page: what fails stays in it, and the others have their turn.
  const auto settleAll = [&](auto&& pageBehind, auto&& placeOf, auto&& work) {
    EntitlementPlace place;
    for (bool isLast = false; !isLast;) {
      const auto page = pageBehind(place);
      isLast = page.size() < kPage;
      for (const auto& each : page) {
        if (run.cancelled() || timeouts == kMaxTimeouts) return;
        place = placeOf(each);
        try {
          work(each);
          timeouts = 0;
        } catch (const Problem& problem) {
          ++failed;
          timeouts = problem.status() == 504 ? timeouts + 1 : 0;
          log_.warning("the payment provider could not be asked about a subscription",
                       {{"subscription", each.subscriptionId}, {"reason", problem.code() + ": " + problem.note()}});
        }
      }
    }
  };
  settleAll([&](const EntitlementPlace& place) { return store_.unwanted(place, kPage); },
            [](const Entitlement& each) {
              return EntitlementPlace{each.updatedAt, each.id};
            },
            [&](const Entitlement& each) {
              provider_.cancel(each.subscriptionId, isStopped);
              auto ended = each;
              ended.cancelWanted = false;
              ended.status = EntitlementStatus::ended;
              ended.updatedAt = mortise::now();
              if (store_.change(ended)) ++cancelled;
            });
  const auto before = mortise::now() - kGrace;
  settleAll([&](const EntitlementPlace& place) { return store_.overdue(before, place, kPage); },
            [&](const Entitlement& each) {
              return EntitlementPlace{each.periodEnd.value_or(before), each.id};
            },
            [&](const Entitlement& each) {
              refresh(each.subscriptionId, isStopped, [](Transaction&) { return true; });
              ++asked;
            });
  store_.forgetEvents(mortise::now() - kEventsKept, 10'000);
  if (cancelled + asked + failed == 0) return;
  run.report({.target = "subscriptions",
              .synced = asked,
              .deleted = cancelled,
              .failure = failed > 0 ? std::to_string(failed) + " could not be asked about; see the log" : ""});
}

}  // namespace projects
