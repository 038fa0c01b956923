#include "core/services/jobs/clock_watch.hpp"

#include <algorithm>

namespace mortise::services {
namespace {

constexpr std::int64_t kNoStep = 100'000;
constexpr std::int64_t kMaxBetween = 10'000;
constexpr int kAttempts = 100;

}  // namespace

// The thread may be held up between the readings of two clocks; such a pair says nothing.
std::optional<std::int64_t> ClockWatch::lead() const {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto before = clock_.monotonic();
    const auto now = clock_.now();
    const auto after = clock_.monotonic();
    if (after - before <= kMaxBetween) return now - after;
  }
  return std::nullopt;
}

std::int64_t ClockWatch::setBack() {
  const auto current = lead();
  if (!current) return 0;  // the next call sees it
  const auto before = lead_.value_or(*current);
  if (*current < before - kNoStep) {
    lead_ = current;
    return before - *current;
  }
  lead_ = std::max(before, *current);
  return 0;
}

}  // namespace mortise::services
