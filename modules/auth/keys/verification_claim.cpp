#include "keys/verification_claim.hpp"

#include <charconv>

namespace auth {

// Neither ids nor addresses hold a line break.
std::string VerificationClaim::text() const { return std::to_string(expiresAt) + "\n" + userId + "\n" + email; }

std::optional<VerificationClaim> VerificationClaim::parse(std::string_view text) {
  const auto first = text.find('\n');
  const auto second = first == std::string_view::npos ? first : text.find('\n', first + 1);
  if (second == std::string_view::npos || text.find('\n', second + 1) != std::string_view::npos) return std::nullopt;
  const auto digits = text.substr(0, first);
  VerificationClaim claim;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), claim.expiresAt);
  if (failure != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  claim.userId = text.substr(first + 1, second - first - 1);
  claim.email = text.substr(second + 1);
  if (claim.userId.empty() || claim.email.empty()) return std::nullopt;
  return claim;
}

}  // namespace auth
