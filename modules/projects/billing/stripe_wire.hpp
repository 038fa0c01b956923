// Stripe's wire, as plain text work: forms, signatures, objects.
#pragma once

#include <mortise/time.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace projects {

// application/x-www-form-urlencoded.
std::string stripeForm(const std::vector<std::pair<std::string, std::string>>& fields);

// "t=…,v1=…": is one of the signatures the HMAC of time and body with this secret, and the time at most `tolerance` away
// from now? Takes as long whatever is wrong.
inline constexpr std::chrono::seconds kStripeTolerance{300};
bool isStripeSignature(std::string_view header, std::string_view body, std::string_view secret, mortise::Time now,
                       std::chrono::seconds tolerance = kStripeTolerance);

// An event: its id, and the id of the subscription that it is about.
struct StripeEvent {
  std::string id;
  std::optional<std::string> subscriptionId;
};
// Empty: no event.
std::optional<StripeEvent> stripeEventOf(std::string_view json);

struct StripeSubscription {
  std::string id;
  std::string customerId;
  std::string status;
  std::string priceId;
  std::int64_t quantity = 1;  // 0 to kMaxStripeQuantity
  std::string ownerType;      // of the metadata, as is the next
  std::string ownerId;
  mortise::Time createdAt{};
  std::optional<mortise::Time> periodEnd;
};
inline constexpr std::int64_t kMaxStripeQuantity = 1'000'000'000;
// Empty: no subscription, one without a price, or with a number that can't be.
std::optional<StripeSubscription> stripeSubscriptionOf(std::string_view json);

// Active, on trial, or late with a payment that the provider tries again.
bool isPaidStatus(std::string_view status);

// A text member of an object at the top; empty: there is none.
std::optional<std::string> stripeTextOf(std::string_view json, const char* member);

}  // namespace projects
