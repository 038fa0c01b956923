// What a user or an organisation pays for, and what decides its tier: fields and columns.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/names.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace projects {

enum class OwnerType : std::uint8_t { user, org };
constexpr auto mortiseNames(OwnerType) {
  return mortise::names<OwnerType>({{OwnerType::user, "user"}, {OwnerType::org, "org"}});
}

// Who pays.
struct BillingOwner {
  OwnerType type = OwnerType::user;
  std::string id;
  bool operator==(const BillingOwner&) const = default;
};

enum class EntitlementStatus : std::uint8_t { active, waiting, ended };
constexpr auto mortiseNames(EntitlementStatus) {
  using Status = EntitlementStatus;
  return mortise::names<Status>({{Status::active, "active"}, {Status::waiting, "waiting"}, {Status::ended, "ended"}});
}

// One subscription at the provider.
struct Entitlement {
  std::string id;
  OwnerType ownerType = OwnerType::user;
  std::string ownerId;
  std::string source;  // the provider's name
  std::string subscriptionId;
  std::string tier;
  std::int64_t seats = 1;
  std::int64_t storageBytes = 0;
  EntitlementStatus status = EntitlementStatus::waiting;
  std::string providerStatus;
  std::optional<mortise::Time> periodEnd;
  bool cancelWanted = false;
  std::int64_t revision = 1;
  mortise::Time startedAt;
  mortise::Time createdAt;
  mortise::Time updatedAt;

  BillingOwner owner() const { return {ownerType, ownerId}; }

  static constexpr auto kFields = mortise::fields(
      "projects_entitlements", mortise::field("id", &Entitlement::id).key(),
      mortise::field("owner_type", &Entitlement::ownerType), mortise::field("owner_id", &Entitlement::ownerId),
      mortise::field("source", &Entitlement::source), mortise::field("subscription_id", &Entitlement::subscriptionId),
      mortise::field("tier", &Entitlement::tier), mortise::field("seats", &Entitlement::seats),
      mortise::field("storage_bytes", &Entitlement::storageBytes), mortise::field("status", &Entitlement::status),
      mortise::field("provider_status", &Entitlement::providerStatus),
      mortise::field("period_end", &Entitlement::periodEnd),
      mortise::field("cancel_wanted", &Entitlement::cancelWanted), mortise::field("revision", &Entitlement::revision),
      mortise::field("started_at", &Entitlement::startedAt),
      mortise::field("created_at", &Entitlement::createdAt).fixed(),
      mortise::field("updated_at", &Entitlement::updatedAt));
};

// Who pays, at the provider, and what it had before it paid.
struct BillingAccount {
  OwnerType ownerType = OwnerType::user;
  std::string ownerId;
  std::optional<std::string> customerId;
  std::optional<std::string> tierBefore;
  std::optional<std::int64_t> seatsBefore;
  std::optional<std::int64_t> storageBefore;
  std::optional<std::string> tierGiven;  // by the active entitlement

  static constexpr auto kFields =
      mortise::fields("projects_billing_accounts", mortise::field("owner_type", &BillingAccount::ownerType).key(),
                      mortise::field("owner_id", &BillingAccount::ownerId).key(),
                      mortise::field("customer_id", &BillingAccount::customerId),
                      mortise::field("tier_before", &BillingAccount::tierBefore),
                      mortise::field("seats_before", &BillingAccount::seatsBefore),
                      mortise::field("storage_before", &BillingAccount::storageBefore),
                      mortise::field("tier_given", &BillingAccount::tierGiven));
};

}  // namespace projects
