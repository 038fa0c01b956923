// The arithmetic of the four counting algorithms on one key's state (concurrent has none: leases.hpp). No clock, no
// lock, no store.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/services/limits/bucket.hpp"
#include "core/services/limits/limits.hpp"

namespace mortise::services::limits {

struct State {
  std::int64_t mark = 0;       // tokens: when the bucket is full again; windows: start of the window, microseconds
  std::int64_t count = 0;      // windows: taken in it
  std::int64_t expiresAt = 0;  // from then on the state is void
  std::unique_ptr<std::vector<std::int64_t>> log;  // slidingWindow: when each unit was taken, oldest first
};

Decision take(const Bucket& bucket, State& state, std::int64_t now);
Decision peek(const Bucket& bucket, const State& state, std::int64_t now);
void refund(const Bucket& bucket, State& state, std::int64_t now);

// Throws ServiceError{invalid} for invalid numbers, and for a concurrent bucket.
void requireCounted(const Bucket& bucket);
void requireConcurrent(const Bucket& bucket);

}  // namespace mortise::services::limits
