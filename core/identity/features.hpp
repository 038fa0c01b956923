// Features by name, as the modules' manifests declare them, and the tiers that include them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace mortise::identity {

// feature -> the lowest tier that includes it
using FeatureTiers = std::map<std::string, std::string, std::less<>>;

// [any]
class Features {
 public:
  explicit Features(std::string upgradeUrl) : upgradeUrl_(std::move(upgradeUrl)) {}

  // Of all enabled modules; replaces the earlier declarations.
  void declare(FeatureTiers tiers);
  // Throws Problem 403 upgrade_required when `currentTier` ranks too low, with details {feature, current_tier,
  // required_tier, upgrade_url}; 422 unknown_feature.
  void require(std::string_view feature, std::string_view currentTier) const;

 private:
  std::shared_ptr<const FeatureTiers> declared() const;

  const std::string upgradeUrl_;
  mutable std::mutex mutex_;
  std::shared_ptr<const FeatureTiers> tiers_ = std::make_shared<const FeatureTiers>();
};

}  // namespace mortise::identity
