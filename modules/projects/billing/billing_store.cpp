#include "billing/billing_store.hpp"

#include <mortise/rows.hpp>

#include <algorithm>
#include <tuple>
#include <utility>

namespace projects {
namespace {

namespace db = mortise::db;

}  // namespace

std::optional<BillingAccount> BillingStore::account(const BillingOwner& owner) const {
  return db::find<BillingAccount>(db_, owner.type, owner.id);
}

std::optional<BillingAccount> BillingStore::ofCustomer(std::string_view customerId) const {
  return db::row<BillingAccount>(db_, "WHERE customer_id = :customer", {{"customer", customerId}});
}

void BillingStore::put(const BillingAccount& account) const { db::upsert(db_, account); }

std::optional<Entitlement> BillingStore::ofSubscription(std::string_view source,
                                                        std::string_view subscriptionId) const {
  return db::row<Entitlement>(db_, "WHERE source = :source AND subscription_id = :subscription",
                              {{"source", source}, {"subscription", subscriptionId}});
}

std::optional<Entitlement> BillingStore::active(const BillingOwner& owner) const {
  return db::row<Entitlement>(db_, "WHERE owner_type = :type AND owner_id = :id AND status = 'active'",
                              {{"type", owner.type}, {"id", owner.id}});
}

std::vector<Entitlement> BillingStore::paid(const BillingOwner& owner) const {
  std::vector<Entitlement> out;
  // One status at a time, so that each is read along the index.
  for (const auto status : {EntitlementStatus::active, EntitlementStatus::waiting}) {
    for (auto& each : db::rows<Entitlement>(db_,
                                            "WHERE owner_type = :type AND owner_id = :id AND status = :status "
                                            "ORDER BY started_at DESC, id DESC LIMIT 100",
                                            {{"type", owner.type}, {"id", owner.id}, {"status", status}}))
      out.push_back(std::move(each));
  }
  std::sort(out.begin(), out.end(), [](const Entitlement& a, const Entitlement& b) {
    return std::tie(a.startedAt, a.id) > std::tie(b.startedAt, b.id);
  });
  return out;
}

void BillingStore::add(const Entitlement& entitlement) const { db::insert(db_, entitlement); }

bool BillingStore::change(Entitlement& entitlement) const {
  const auto changed = db_.execute(
      "UPDATE projects_entitlements SET tier = :tier, seats = :seats, storage_bytes = :storage, status = :status, "
      "provider_status = :provider_status, period_end = :period_end, cancel_wanted = :cancel_wanted, "
      "updated_at = :updated_at, revision = revision + 1 WHERE id = :id AND revision = :revision",
      {{"tier", entitlement.tier},
       {"seats", entitlement.seats},
       {"storage", entitlement.storageBytes},
       {"status", entitlement.status},
       {"provider_status", entitlement.providerStatus},
       {"period_end", entitlement.periodEnd},
       {"cancel_wanted", entitlement.cancelWanted},
       {"updated_at", entitlement.updatedAt},
       {"id", entitlement.id},
       {"revision", entitlement.revision}});
  if (changed > 0) ++entitlement.revision;
  return changed > 0;
}

void BillingStore::setStatus(std::string_view id, EntitlementStatus status) const {
  db_.execute("UPDATE projects_entitlements SET status = :status WHERE id = :id", {{"status", status}, {"id", id}});
}

std::vector<Entitlement> BillingStore::overdue(mortise::Time before, const EntitlementPlace& behind,
                                               std::size_t limit) const {
  return db::rows<Entitlement>(db_,
                               "WHERE status <> 'ended' AND period_end < :before AND (period_end, id) > (:at, :id) "
                               "ORDER BY period_end, id LIMIT :limit",
                               {{"before", before}, {"at", behind.at}, {"id", behind.id}, {"limit", limit}});
}

std::vector<Entitlement> BillingStore::unwanted(const EntitlementPlace& behind, std::size_t limit) const {
  return db::rows<Entitlement>(
      db_, "WHERE cancel_wanted = 1 AND (updated_at, id) > (:at, :id) ORDER BY updated_at, id LIMIT :limit",
      {{"at", behind.at}, {"id", behind.id}, {"limit", limit}});
}

void BillingStore::ownerGone(const BillingOwner& owner, mortise::Time now) const {
  db_.execute(
      "UPDATE projects_entitlements SET cancel_wanted = 1, updated_at = :now, revision = revision + 1 "
      "WHERE owner_type = :type AND owner_id = :id AND status <> 'ended'",
      {{"now", now}, {"type", owner.type}, {"id", owner.id}});
  db_.execute("DELETE FROM projects_billing_accounts WHERE owner_type = :type AND owner_id = :id",
              {{"type", owner.type}, {"id", owner.id}});
}

bool BillingStore::noteEvent(std::string_view id, mortise::Time now) const {
  return db_.execute("INSERT INTO projects_billing_events (id, received_at) VALUES (:id, :now) ON CONFLICT DO NOTHING",
                     {{"id", id}, {"now", now}}) > 0;
}

bool BillingStore::isKnownEvent(std::string_view id) const {
  return db_.queryOne<std::int64_t>("SELECT 1 FROM projects_billing_events WHERE id = :id", {{"id", id}}).has_value();
}

std::int64_t BillingStore::forgetEvents(mortise::Time before, std::int64_t limit) const {
  return db_.execute(
      "DELETE FROM projects_billing_events WHERE id IN (SELECT id FROM projects_billing_events "
      "WHERE received_at < :before ORDER BY received_at LIMIT :limit)",
      {{"before", before}, {"limit", limit}});
}

}  // namespace projects
