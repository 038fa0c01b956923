// The tables of billing: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>
#include <mortise/time.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "billing/entitlement.hpp"

namespace projects {

// Where a list goes on.
struct EntitlementPlace {
  mortise::Time at = mortise::Time::min();
  std::string id{};
};

// [worker]; every member throws db::Error.
class BillingStore {
 public:
  explicit BillingStore(mortise::Db db) : db_(db) {}
  // The same store as a part of a transaction.
  BillingStore in(const mortise::Transaction& tx) const { return BillingStore(db_.in(tx)); }

  std::optional<BillingAccount> account(const BillingOwner& owner) const;
  std::optional<BillingAccount> ofCustomer(std::string_view customerId) const;
  void put(const BillingAccount& account) const;

  std::optional<Entitlement> ofSubscription(std::string_view source, std::string_view subscriptionId) const;
  // The one that decides the owner's tier.
  std::optional<Entitlement> active(const BillingOwner& owner) const;
  // Active and waiting ones, newest first.
  std::vector<Entitlement> paid(const BillingOwner& owner) const;
  void add(const Entitlement& entitlement) const;
  // As the next revision. False: the stored one is another revision than this.
  bool change(Entitlement& entitlement) const;
  void setStatus(std::string_view id, EntitlementStatus status) const;

  // Paid ones whose period ended before that time, in its order, and those whose owner is gone, in the order of their
  // changes: behind a place, from the first one without.
  std::vector<Entitlement> overdue(mortise::Time before, const EntitlementPlace& behind, std::size_t limit) const;
  std::vector<Entitlement> unwanted(const EntitlementPlace& behind, std::size_t limit) const;
  void ownerGone(const BillingOwner& owner, mortise::Time now) const;

  // False: it was taken before.
  bool noteEvent(std::string_view id, mortise::Time now) const;
  bool isKnownEvent(std::string_view id) const;
  // At most `limit` of before that time; how many went.
  std::int64_t forgetEvents(mortise::Time before, std::int64_t limit) const;

 private:
  mortise::Db db_;
};

}  // namespace projects
