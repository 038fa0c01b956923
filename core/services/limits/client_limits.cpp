#include "core/services/limits/client_limits.hpp"

#include <utility>

#include "core/base/network_address.hpp"

namespace mortise::services::limits {
namespace {

std::string joined(std::string network, std::string_view key) {
  if (!network.empty() && !key.empty()) network.append(1, ' ').append(key);
  return network;
}

}  // namespace

ClientLimits::ClientLimits(Limits& limits, const Bucket& bucket, std::string_view address, std::string_view key)
    : limits_(limits), bucket_(bucket), site_(ofSite(bucket)) {
  auto networks = ClientNetworks::of(address);
  nearestKey_ = joined(std::move(networks.nearest), key);
  siteKey_ = joined(std::move(networks.site), key);
}

// The nearer network first: a client over its own limit must not use up what its neighbours share with it.
Decision ClientLimits::take() const {
  const auto decision = limits_.take(bucket_, nearestKey_);
  if (!decision.allowed || siteKey_.empty()) return decision;
  const auto ofSite = limits_.take(site_, siteKey_);
  if (ofSite.allowed) return decision;
  limits_.refund(bucket_, nearestKey_);
  return ofSite;
}

Decision ClientLimits::peek() const {
  const auto decision = limits_.peek(bucket_, nearestKey_);
  if (!decision.allowed || siteKey_.empty()) return decision;
  const auto ofSite = limits_.peek(site_, siteKey_);
  return ofSite.allowed ? decision : ofSite;
}

void ClientLimits::refund() const {
  limits_.refund(bucket_, nearestKey_);
  if (!siteKey_.empty()) limits_.refund(site_, siteKey_);
}

void ClientLimits::reset() const {
  limits_.reset(bucket_, nearestKey_);
  if (!siteKey_.empty()) limits_.reset(site_, siteKey_);
}

Decision takeSlots(Slots& slots, const std::shared_ptr<const Bucket>& bucket, std::string_view address,
                   std::vector<Slots::Held>& held) {
  const auto networks = ClientNetworks::of(address);
  Slots::Held nearest, site;
  const auto decision = slots.take(bucket, networks.nearest, nearest);
  if (!decision.allowed) return decision;
  if (!networks.site.empty()) {
    const auto ofSite = slots.take(std::make_shared<const Bucket>(limits::ofSite(*bucket)), networks.site, site);
    if (!ofSite.allowed) return ofSite;
    held.push_back(std::move(site));
  }
  held.push_back(std::move(nearest));
  return decision;
}

}  // namespace mortise::services::limits
