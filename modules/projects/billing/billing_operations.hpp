// /api/v1/billing, and what the payment provider tells at /webhooks/stripe.
#pragma once

#include <mortise/db.hpp>
#include <mortise/log.hpp>
#include <mortise/metrics.hpp>
#include <mortise/module.hpp>
#include <mortise/orgs.hpp>

#include <optional>

#include "billing/billing_store.hpp"
#include "billing/payment_provider.hpp"
#include "billing/subscriptions.hpp"
#include "projects_contract.hpp"

namespace projects {

class BillingOperations final : public projects_contract::billing::Billing {
 public:
  // Both must outlive this object.
  BillingOperations(mortise::Host host, const PaymentProvider& provider, Subscriptions& subscriptions);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply readBillingStatus(const Request& request) override;
  Reply openCheckout(const Request& request, const projects_contract::billing::NewCheckout& body) override;
  Reply openPortal(const Request& request, const std::optional<projects_contract::billing::PortalWish>& body) override;
  Reply receiveStripeWebhook(const Request& request, const mortise::Json& body) override;

  mortise::Host host_;
  mortise::Log log_;
  mortise::Db db_;
  mortise::Orgs orgs_;
  BillingStore store_;
  const PaymentProvider& provider_;
  Subscriptions& subscriptions_;
  mortise::Counter taken_;
  mortise::Counter refused_;
};

}  // namespace projects
