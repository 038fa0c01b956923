#include "core/identity/tiers.hpp"

#include "core/identity/roles.hpp"
#include "mortise/tier.hpp"

namespace mortise::identity {

std::string Tiers::own(const User& user) const {
  if (administers(user.role)) return std::string(kAdministratorTier);
  return user.tier.empty() ? fallback_ : user.tier;
}

std::string Tiers::effective(const User& user) const {
  return user.orgId.empty() || administers(user.role) ? own(user) : user.orgTier;
}

}  // namespace mortise::identity
