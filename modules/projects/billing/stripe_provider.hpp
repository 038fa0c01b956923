// Stripe as the payment provider.
#pragma once

#include <mortise/config.hpp>
#include <mortise/http_client.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "billing/payment_provider.hpp"

namespace projects {

// Prices are those of the options stripe_price_…; a tier without one is not sold.
class StripeProvider final : public PaymentProvider {
 public:
  // Throws std::runtime_error for an option that can't be.
  StripeProvider(const mortise::Config& config, mortise::HttpClient http);

  std::string_view name() const override { return "stripe"; }
  bool isConfigured() const override;
  bool sells(std::string_view tier) const override;
  std::string checkout(const CheckoutWish& wish, const IsStopped& isStopped) const override;
  std::string portal(std::string_view customerId, const IsStopped& isStopped) const override;
  std::optional<PaidSubscription> subscription(std::string_view id, const IsStopped& isStopped) const override;
  void cancel(std::string_view subscriptionId, const IsStopped& isStopped) const override;
  PaymentEvent event(std::string_view signature, std::string_view body, mortise::Time now) const override;

 private:
  using Form = std::vector<std::pair<std::string, std::string>>;
  mortise::HttpResponse send(const char* method, const std::string& path, const Form& form,
                             const IsStopped& isStopped) const;

  mortise::HttpClient http_;
  std::string apiUrl_;
  std::string secretKey_;
  std::string webhookSecret_;
  std::string siteUrl_;                                     // where people come back to
  std::map<std::string, std::string, std::less<>> prices_;  // by tier
};

}  // namespace projects
