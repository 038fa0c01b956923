#include "archives/archive_limits.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>
#include <mortise/tier.hpp>

namespace session_sharing {
namespace {

bool isFree(std::string_view tier) { return mortise::tierRank(tier) == 0; }

std::uint64_t sizeOf(const mortise::Config& config, std::string_view option) {
  return static_cast<std::uint64_t>(config.size(option));
}

}  // namespace

TierLimits::TierLimits(const mortise::Config& config)
    : freeArchive_(sizeOf(config, "max_archive_free")),
      paidArchive_(sizeOf(config, "max_archive_paid")),
      freeMember_(sizeOf(config, "max_member_free")),
      paidMember_(sizeOf(config, "max_member_paid")) {}

void TierLimits::checkArchive(std::string_view tier, std::uint64_t bytes) const {
  checkSize(bytes, archiveBytes(tier));
}

std::uint64_t TierLimits::archiveBytes(std::string_view tier) const {
  return isFree(tier) ? freeArchive_ : paidArchive_;
}

std::int64_t TierLimits::storageBytes(std::string_view tier) const {
  constexpr std::int64_t kMiB = std::int64_t{1} << 20;
  if (tier == "starter") return 500 * kMiB;
  if (tier == "pro") return 2048 * kMiB;
  if (tier == "team") return 1024 * kMiB;
  return isFree(tier) ? static_cast<std::int64_t>(freeArchive_) : 0;
}

ArchiveLimits TierLimits::reading(std::string_view tier) const {
  ArchiveLimits limits;
  limits.memberBytes = isFree(tier) ? freeMember_ : paidMember_;
  return limits;
}

void checkSize(std::uint64_t bytes, std::uint64_t limit) {
  if (bytes <= limit) return;
  throw mortise::Problem(413, "payload_too_large")
      .with("max_bytes", limit)
      .details(mortise::json::object({{"max_bytes", limit}}).text());
}

}  // namespace session_sharing
