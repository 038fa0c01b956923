#include "billing/stripe_provider.hpp"

#include <mortise/percent.hpp>
#include <mortise/problem.hpp>
#include <mortise/uuid.hpp>

#include <chrono>
#include <cstdint>
#include <stdexcept>

#include "billing/stripe_wire.hpp"

namespace projects {
namespace {

using mortise::Problem;

constexpr std::chrono::seconds kTime{20};
constexpr std::uint64_t kMaxAnswer = std::uint64_t{1} << 20;
constexpr const char* kSoldTiers[] = {"starter", "pro", "team"};

std::string withoutSlash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

std::string apiUrlFrom(const mortise::Config& config) {
  auto url = withoutSlash(config.text("stripe_api_url"));
  if (!url.starts_with("https://") && !url.starts_with("http://"))
    throw std::runtime_error("projects.stripe_api_url is not an http or https URL");
  return url;
}

// Where people come back to: the web application, else this server.
std::string siteUrlFrom(const mortise::Config& config) {
  auto url = withoutSlash(config.text("billing_url"));
  if (url.empty()) url = withoutSlash(config.server("http.public_url").value_or(""));
  if (!url.empty() && !url.starts_with("https://") && !url.starts_with("http://"))
    throw std::runtime_error("projects.billing_url is not an http or https URL");
  return url;
}

Problem unavailable(std::string note) { return Problem(502, "payment_unavailable").note(std::move(note)); }

Problem refused(const mortise::HttpResponse& response) {
  return unavailable("Stripe answered " + std::to_string(response.status) + ", request " +
                     std::string(response.header("request-id")));
}

std::string linkOf(const mortise::HttpResponse& response) {
  if (response.status != 200) throw refused(response);
  auto url = stripeTextOf(response.body, "url");
  if (!url || (!url->starts_with("https://") && !url->starts_with("http://")))
    throw unavailable("Stripe's answer has no address");
  return *url;
}

}  // namespace

StripeProvider::StripeProvider(const mortise::Config& config, mortise::HttpClient http)
    : http_(http),
      apiUrl_(apiUrlFrom(config)),
      secretKey_(config.text("stripe_secret_key")),
      webhookSecret_(config.text("stripe_webhook_secret")),
      siteUrl_(siteUrlFrom(config)) {
  for (const char* tier : kSoldTiers) {
    if (auto price = config.text("stripe_price_" + std::string(tier)); !price.empty()) prices_[tier] = std::move(price);
  }
}

bool StripeProvider::isConfigured() const {
  return !secretKey_.empty() && !webhookSecret_.empty() && !siteUrl_.empty() && prices_.size() == std::size(kSoldTiers);
}

bool StripeProvider::sells(std::string_view tier) const {
  // Without the secret of its webhooks nobody would get what was paid for.
  return !secretKey_.empty() && !webhookSecret_.empty() && !siteUrl_.empty() && prices_.contains(tier);
}

std::string StripeProvider::checkout(const CheckoutWish& wish, const IsStopped& isStopped) const {
  const std::string ownerType(mortise::detail::nameOf(wish.owner.type));
  Form form = {{"mode", "subscription"},
               {"line_items[0][price]", prices_.find(wish.tier)->second},
               {"line_items[0][quantity]", std::to_string(wish.seats)},
               {"success_url", siteUrl_ + "/billing?checkout=success"},
               {"cancel_url", siteUrl_ + "/billing?checkout=cancelled"},
               {"client_reference_id", ownerType + ":" + wish.owner.id},
               {"metadata[owner_type]", ownerType},
               {"metadata[owner_id]", wish.owner.id},
               {"subscription_data[metadata][owner_type]", ownerType},
               {"subscription_data[metadata][owner_id]", wish.owner.id}};
  if (wish.customerId) {
    form.emplace_back("customer", *wish.customerId);
  } else if (!wish.email.empty()) {
    form.emplace_back("customer_email", wish.email);
  }
  return linkOf(send("POST", "/v1/checkout/sessions", form, isStopped));
}

std::string StripeProvider::portal(std::string_view customerId, const IsStopped& isStopped) const {
  return linkOf(send("POST", "/v1/billing_portal/sessions",
                     {{"customer", std::string(customerId)}, {"return_url", siteUrl_ + "/billing"}}, isStopped));
}

std::optional<PaidSubscription> StripeProvider::subscription(std::string_view id, const IsStopped& isStopped) const {
  const auto response = send("GET", "/v1/subscriptions/" + mortise::percentEncoded(id), {}, isStopped);
  if (response.status == 404) return std::nullopt;
  if (response.status != 200) throw refused(response);
  const auto subscription = stripeSubscriptionOf(response.body);
  if (!subscription) throw unavailable("Stripe's answer is no subscription");
  PaidSubscription out;
  out.id = subscription->id;
  out.customerId = subscription->customerId;
  out.status = subscription->status;
  out.isPaid = isPaidStatus(subscription->status);
  for (const auto& [tier, price] : prices_) {
    if (price == subscription->priceId) out.tier = tier;
  }
  out.seats = subscription->quantity;
  BillingOwner owner;
  owner.id = subscription->ownerId;
  if (!owner.id.empty() && mortise::detail::readName(subscription->ownerType, owner.type)) out.owner = std::move(owner);
  out.startedAt = subscription->createdAt;
  out.periodEnd = subscription->periodEnd;
  return out;
}

void StripeProvider::cancel(std::string_view subscriptionId, const IsStopped& isStopped) const {
  const auto response = send("DELETE", "/v1/subscriptions/" + mortise::percentEncoded(subscriptionId), {}, isStopped);
  // One that has ended can't be found for an end.
  if (response.status != 200 && response.status != 404) throw refused(response);
}

PaymentEvent StripeProvider::event(std::string_view signature, std::string_view body, mortise::Time now) const {
  if (webhookSecret_.empty()) throw Problem(503, "webhook_not_configured");
  if (!isStripeSignature(signature, body, webhookSecret_, now)) throw Problem(401, "webhook_not_signed");
  auto event = stripeEventOf(body);
  if (!event) throw Problem(400, "webhook_unreadable");
  return {std::move(event->id), std::move(event->subscriptionId)};
}

mortise::HttpResponse StripeProvider::send(const char* method, const std::string& path, const Form& form,
                                           const IsStopped& isStopped) const {
  mortise::HttpRequest request;
  request.url = apiUrl_ + path;
  request.method = method;
  request.headers = {{"Authorization", "Bearer " + secretKey_}, {"Stripe-Version", "2024-06-20"}};
  if (request.method == "POST") {
    request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    request.headers.emplace_back("Idempotency-Key", mortise::makeUuid());
    request.body = stripeForm(form);
  }
  request.timeout = kTime;
  request.maxResponse = kMaxAnswer;
  request.stopped = isStopped;
  try {
    return http_.perform(request);
  } catch (const mortise::HttpClient::Error& error) {
    if (error.cause() == MORTISE_TIMEOUT) throw Problem(504, "payment_timed_out").note(error.note());
    throw unavailable(error.note());
  }
}

}  // namespace projects
