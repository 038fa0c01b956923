#include "billing/billing_operations.hpp"

#include <mortise/json.hpp>
#include <mortise/org_role.hpp>
#include <mortise/problem.hpp>
#include <mortise/sync_storage.hpp>
#include <mortise/tier.hpp>
#include <mortise/time.hpp>

#include <algorithm>
#include <string>
#include <string_view>

namespace projects {
namespace {

namespace contract = projects_contract::billing;
namespace json = mortise::json;
using mortise::Principal;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;
using mortise::Transaction;

BillingOwner personOf(const Principal& caller) { return {OwnerType::user, caller.userId}; }
BillingOwner orgOf(const Principal& caller) { return {OwnerType::org, caller.orgId}; }

IsStopped stoppedWith(const Request& request) {
  return [&request] { return request.expired(); };
}

}  // namespace

BillingOperations::BillingOperations(mortise::Host host, const PaymentProvider& provider, Subscriptions& subscriptions)
    : host_(host),
      log_(host.log()),
      db_(host.db()),
      orgs_(host.orgs()),
      store_(db_),
      provider_(provider),
      subscriptions_(subscriptions),
      taken_(
          host.metrics().counter("payment_webhooks_total", "Webhooks of the payment provider", {{"outcome", "taken"}})),
      refused_(host.metrics().counter("payment_webhooks_total", "Webhooks of the payment provider",
                                      {{"outcome", "refused"}})) {}

Reply BillingOperations::readBillingStatus(const Request& request) {
  const auto caller = request.principal();
  const bool isMember = !caller.orgId.empty();
  const auto tier = mortise::effectiveTier(caller.tier);
  const auto owner = isMember ? orgOf(caller) : personOf(caller);
  const auto account = store_.account(owner);
  const bool hasOwn = store_.active(owner).has_value();
  const bool hasPersonal = isMember ? store_.active(personOf(caller)).has_value() : hasOwn;
  std::int64_t used = 0, limit = 0;
  // Looked up at each use: the module sync asks this one, too, and may start later.
  if (const auto storage = host_.optional<mortise::SyncStorage>()) {
    used = isMember ? storage->usedByOrg(caller.orgId) : storage->usedByUser(caller.userId);
    limit = storage->allowanceOf(tier);
  }
  if (isMember) {
    // What the organisation was given counts for it, whatever its tier.
    if (const auto org = orgs_.find(caller.orgId); org && org->storageLimit > 0) limit = org->storageLimit;
  }
  return Reply::ok(json::object({{"tier", tier},
                                 {"storage_used_bytes", used},
                                 {"storage_limit_bytes", limit},
                                 {"stripe_customer_id", account ? account->customerId : std::nullopt},
                                 {"has_subscription", hasOwn},
                                 {"has_personal_subscription", hasPersonal},
                                 {"is_org_member", isMember},
                                 {"org_role", isMember ? std::optional(caller.orgRole.string()) : std::nullopt},
                                 {"is_beta", !provider_.isConfigured()}}));
}

Reply BillingOperations::openCheckout(const Request& request, const contract::NewCheckout& body) {
  const auto caller = request.principal();
  if (body.tier != "starter" && body.tier != "pro" && body.tier != "team") throw Problem(400, "billing_tier_unknown");
  if (!provider_.sells(body.tier)) throw Problem(400, "billing_price_missing");
  const bool isMember = !caller.orgId.empty();
  CheckoutWish wish;
  wish.owner = personOf(caller);
  wish.tier = body.tier;
  wish.seats = body.seats;
  wish.email = caller.email;
  if (isMember) {
    // Members have what their organisation pays for.
    if (body.tier != "team") throw Problem(400, "org_member_restriction");
    if (!mortise::roleSuffices(caller.orgRole, "admin")) throw Problem(403, "admin_required");
    wish.owner = orgOf(caller);
    const auto org = mortise::orNotFound(orgs_.find(caller.orgId), "org_not_found");
    wish.seats = std::max(wish.seats, org.seatsUsed);
  }
  if (body.tier != "team") wish.seats = 1;
  if (store_.active(wish.owner)) throw Problem(409, "already_subscribed");
  if (const auto account = store_.account(wish.owner)) wish.customerId = account->customerId;
  const auto url = provider_.checkout(wish, stoppedWith(request));
  log_.info("a checkout was opened", {{"user", caller.userId}, {"tier", wish.tier}, {"seats", wish.seats}});
  return Reply::ok(json::object({{"checkout_url", url}}));
}

Reply BillingOperations::openPortal(const Request& request, const std::optional<contract::PortalWish>& body) {
  const auto caller = request.principal();
  const auto scope = body ? body->scope : std::string("auto");
  const bool isMember = !caller.orgId.empty();
  const auto customerOf = [&](const BillingOwner& owner) {
    const auto account = store_.account(owner);
    return account ? account->customerId : std::nullopt;
  };
  std::optional<std::string> customer;
  if (isMember && scope != "personal") {
    customer = customerOf(orgOf(caller));
    const bool isAdministrator = mortise::roleSuffices(caller.orgRole, "admin");
    if (scope == "org" && !isAdministrator) throw Problem(403, "admin_required");
    if (customer && !isAdministrator) {
      customer.reset();
      // What a member pays for alone may still be looked at.
      if (!customerOf(personOf(caller))) throw Problem(403, "admin_required");
    }
  }
  if (!customer && scope != "org") customer = customerOf(personOf(caller));
  if (!customer) throw Problem(400, "billing_no_subscription");
  return Reply::ok(json::object({{"portal_url", provider_.portal(*customer, stoppedWith(request))}}));
}

Reply BillingOperations::receiveStripeWebhook(const Request& request, const mortise::Json&) {
  PaymentEvent event;
  try {
    event = provider_.event(request.headerParameter("Stripe-Signature").text(""), request.rawBody(), mortise::now());
  } catch (const Problem&) {
    refused_.add();
    throw;
  }
  taken_.add();
  const auto told = [](std::string_view status) { return Reply::ok(json::object({{"status", status}})); };
  const auto id = std::string(provider_.name()) + ":" + event.id;
  if (!event.subscriptionId) return told("ignored");
  // Before the provider is asked: repeated events cost no request.
  if (store_.isKnownEvent(id)) return told("duplicate");
  const bool isNew = subscriptions_.refresh(*event.subscriptionId, stoppedWith(request), [&](Transaction& tx) {
    return store_.in(tx).noteEvent(id, mortise::now());
  });
  return told(isNew ? "ok" : "duplicate");
}

}  // namespace projects
