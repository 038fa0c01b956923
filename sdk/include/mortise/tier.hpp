// The tiers of accounts and organisations, and how they rank.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace mortise::inline sdk1 {

// Ascending: each holds every feature of those before it.
inline constexpr std::array<std::string_view, 5> kTiers = {"free", "starter", "pro", "team", "enterprise"};
// Administrators of the server have it by their role, never by choice; it holds every feature.
inline constexpr std::string_view kAdministratorTier = "admin";

// Whether an account, an organisation or a feature can be given it: one of kTiers. [any]
constexpr bool isTier(std::string_view tier) noexcept {
  return std::find(kTiers.begin(), kTiers.end(), tier) != kTiers.end();
}

// 0 for free, and higher for each tier above it; kAdministratorTier is above all. Text that is no tier ranks as free.
// [any]
constexpr std::size_t tierRank(std::string_view tier) noexcept {
  if (tier == kAdministratorTier) return kTiers.size();
  const auto entry = std::find(kTiers.begin(), kTiers.end(), tier);
  return entry == kTiers.end() ? 0 : static_cast<std::size_t>(entry - kTiers.begin());
}

// As people are told a tier: administrators of the server have the highest of kTiers. Borrows from `tier`. [any]
constexpr std::string_view effectiveTier(std::string_view tier) noexcept {
  return tier == kAdministratorTier ? kTiers.back() : tier;
}

}  // namespace mortise::inline sdk1
