#include "core/identity/features.hpp"

#include <utility>

#include "core/base/json.hpp"
#include "core/base/problem.hpp"
#include "mortise/tier.hpp"

namespace mortise::identity {

void Features::declare(FeatureTiers tiers) {
  auto shared = std::make_shared<const FeatureTiers>(std::move(tiers));
  const std::lock_guard lock(mutex_);
  tiers_.swap(shared);
}

std::shared_ptr<const FeatureTiers> Features::declared() const {
  const std::lock_guard lock(mutex_);
  return tiers_;
}

void Features::require(std::string_view feature, std::string_view currentTier) const {
  const auto tiers = declared();
  const auto entry = tiers->find(feature);
  if (entry == tiers->end()) {
    throw Problem(422, "unknown_feature").note("no enabled module declares the feature " + std::string(feature));
  }
  const std::string& required = entry->second;
  if (tierRank(currentTier) >= tierRank(required)) return;
  throw Problem(403, "upgrade_required")
      .detailsJson("{\"feature\":" + json::quoted(entry->first) + ",\"current_tier\":" + json::quoted(currentTier) +
                   ",\"required_tier\":" + json::quoted(required) + ",\"upgrade_url\":" + json::quoted(upgradeUrl_) +
                   "}");
}

}  // namespace mortise::identity
