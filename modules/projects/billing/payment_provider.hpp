// Who takes the money: what billing asks of it, whichever it is. The first is Stripe (stripe_provider.hpp).
#pragma once

#include <mortise/request.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "billing/entitlement.hpp"

namespace projects {

// A subscription that somebody is to be led to.
struct CheckoutWish {
  BillingOwner owner;
  std::string tier;
  std::int64_t seats = 1;
  std::optional<std::string> customerId;  // of before
  std::string email;                      // where there is no customer yet; may be empty
};

// A subscription as the provider has it now.
struct PaidSubscription {
  std::string id;
  std::string customerId;
  std::string status;               // the provider's word
  bool isPaid = false;              // it entitles its owner now
  std::optional<std::string> tier;  // empty: what is paid for is none of this server's prices
  std::int64_t seats = 1;
  std::optional<BillingOwner> owner;  // as the checkout said; empty: it was made elsewhere
  mortise::Time startedAt;
  std::optional<mortise::Time> periodEnd;
};

// What the provider tells by itself.
struct PaymentEvent {
  std::string id;
  std::optional<std::string> subscriptionId;  // empty: nothing that concerns one
};

using IsStopped = std::function<bool()>;

// [worker]. Problem 502 payment_unavailable where the provider does not answer as it should, 504 payment_timed_out where
// it is too slow.
class PaymentProvider {
 public:
  virtual ~PaymentProvider() = default;

  virtual std::string_view name() const = 0;
  // Everything that payment needs is configured.
  virtual bool isConfigured() const = 0;
  // It can lead people to pay for this tier.
  virtual bool sells(std::string_view tier) const = 0;

  // The address where the subscription is paid for.
  virtual std::string checkout(const CheckoutWish& wish, const IsStopped& isStopped) const = 0;
  // The address where a customer changes or ends what it pays for.
  virtual std::string portal(std::string_view customerId, const IsStopped& isStopped) const = 0;
  // Empty: there is no such subscription.
  virtual std::optional<PaidSubscription> subscription(std::string_view id, const IsStopped& isStopped) const = 0;
  // At once. One that is not there is cancelled.
  virtual void cancel(std::string_view subscriptionId, const IsStopped& isStopped) const = 0;

  // Problem 503 webhook_not_configured without a secret, 401 webhook_not_signed, 400 webhook_unreadable.
  virtual PaymentEvent event(std::string_view signature, std::string_view body, mortise::Time now) const = 0;
};

}  // namespace projects
