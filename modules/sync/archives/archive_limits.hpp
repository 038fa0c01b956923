// How large archives may be, by the tier of the person who pushes them: options of the module.
#pragma once

#include <mortise/config.hpp>

#include <cstdint>
#include <string_view>

#include "archives/archive_reader.hpp"

namespace session_sharing {

// Read once, at the start. [any]
class TierLimits {
 public:
  explicit TierLimits(const mortise::Config& config);

  // Of a whole archive. Problem 413 payload_too_large when `bytes` are more.
  void checkArchive(std::string_view tier, std::uint64_t bytes) const;
  std::uint64_t archiveBytes(std::string_view tier) const;
  // What the plan of a tier gives for all archives, in bytes; 0: no limit.
  std::int64_t storageBytes(std::string_view tier) const;
  // For the reader.
  ArchiveLimits reading(std::string_view tier) const;

 private:
  std::uint64_t freeArchive_;
  std::uint64_t paidArchive_;
  std::uint64_t freeMember_;
  std::uint64_t paidMember_;
};

// Problem 413 payload_too_large.
void checkSize(std::uint64_t bytes, std::uint64_t limit);

}  // namespace session_sharing
