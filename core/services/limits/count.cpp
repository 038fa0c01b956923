#include "core/services/limits/count.hpp"

#include <algorithm>

namespace mortise::services::limits {
namespace {

using Algorithm = Bucket::Algorithm;
constexpr std::int64_t kMicros = 1'000'000;

std::int64_t wholeSeconds(std::int64_t micros) { return std::max<std::int64_t>((micros + kMicros - 1) / kMicros, 1); }

Decision granted(const Bucket& bucket, std::int64_t remaining) {
  return {true, bucket.limit, remaining, 0, bucket.windowSeconds};
}

Decision refused(const Bucket& bucket, std::int64_t waitMicros) {
  return {false, bucket.limit, 0, wholeSeconds(waitMicros), bucket.windowSeconds};
}

// Generic cell rate algorithm: one number per key. `mark` is the time at which the bucket would be full again.
Decision countTokens(const Bucket& bucket, std::int64_t now, std::int64_t& mark) {
  const std::int64_t window = bucket.windowSeconds * kMicros;
  const std::int64_t step = std::max<std::int64_t>(window / bucket.limit, 1);
  const std::int64_t full = std::clamp(mark, now, now + window) + step;
  if (full - now > window) return refused(bucket, full - now - window);
  mark = full;
  return granted(bucket, (window - (full - now)) / step);
}

// The two algorithms with counted windows; they differ in the start of a new window.
Decision countWindow(const Bucket& bucket, std::int64_t now, std::int64_t& mark, std::int64_t& count) {
  const std::int64_t window = bucket.windowSeconds * kMicros;
  const bool aligned = bucket.algorithm == Algorithm::fixedWindow;
  const bool over = aligned ? mark != now - now % window : now < mark || now - mark >= window;
  const std::int64_t start = !over ? mark : aligned ? now - now % window : now;
  const std::int64_t taken = over ? 0 : count;
  if (taken >= bucket.limit) return refused(bucket, start + window - now);
  mark = start;
  count = taken + 1;
  return granted(bucket, bucket.limit - count);
}

// The first entry that still counts at `now`.
std::size_t firstLive(const std::vector<std::int64_t>& log, std::int64_t now, std::int64_t window) {
  return static_cast<std::size_t>(std::upper_bound(log.begin(), log.end(), now - window) - log.begin());
}

Decision countLog(const Bucket& bucket, const std::vector<std::int64_t>* log, std::int64_t now) {
  const std::int64_t window = bucket.windowSeconds * kMicros;
  const std::size_t first = log ? firstLive(*log, now, window) : 0;
  const auto taken = static_cast<std::int64_t>(log ? log->size() - first : 0);
  if (log == nullptr || taken < bucket.limit) return granted(bucket, bucket.limit - taken - 1);
  // The unit whose expiry makes room; with a lowered limit that need not be the oldest.
  const std::size_t blocking = log->size() - static_cast<std::size_t>(bucket.limit);
  return refused(bucket, (*log)[blocking] + window - now);
}

}  // namespace

Decision take(const Bucket& bucket, State& state, std::int64_t now) {
  const std::int64_t window = bucket.windowSeconds * kMicros;
  switch (bucket.algorithm) {
    case Algorithm::tokens: {
      const Decision decision = countTokens(bucket, now, state.mark);
      state.expiresAt = state.mark;
      return decision;
    }
    case Algorithm::fixedWindow:
    case Algorithm::cooldown: {
      const Decision decision = countWindow(bucket, now, state.mark, state.count);
      state.expiresAt = state.mark + window;
      return decision;
    }
    case Algorithm::slidingWindow: {
      const Decision decision = countLog(bucket, state.log.get(), now);
      if (!decision.allowed) return decision;
      if (!state.log) state.log = std::make_unique<std::vector<std::int64_t>>();
      auto& log = *state.log;
      log.erase(log.begin(), log.begin() + static_cast<std::ptrdiff_t>(firstLive(log, now, window)));
      log.push_back(log.empty() ? now
                                : std::max(now, log.back()));  // a clock that was set back must not unsort the log
      state.expiresAt = log.back() + window;
      return decision;
    }
    case Algorithm::concurrent:
      break;
  }
  return {};
}

Decision peek(const Bucket& bucket, const State& state, std::int64_t now) {
  std::int64_t mark = state.mark;
  std::int64_t count = state.count;
  Decision decision;
  switch (bucket.algorithm) {
    case Algorithm::tokens:
      decision = countTokens(bucket, now, mark);
      break;
    case Algorithm::fixedWindow:
    case Algorithm::cooldown:
      decision = countWindow(bucket, now, mark, count);
      break;
    case Algorithm::slidingWindow:
      decision = countLog(bucket, state.log.get(), now);
      break;
    case Algorithm::concurrent:
      break;
  }
  if (decision.allowed) ++decision.remaining;  // nothing was taken
  return decision;
}

void refund(const Bucket& bucket, State& state, std::int64_t now) {
  const std::int64_t window = bucket.windowSeconds * kMicros;
  switch (bucket.algorithm) {
    case Algorithm::tokens:
      state.mark = std::max(state.mark - std::max<std::int64_t>(window / bucket.limit, 1), now);
      state.expiresAt = state.mark;
      return;
    case Algorithm::fixedWindow:
    case Algorithm::cooldown:
      if (state.count > 0) --state.count;
      if (state.count == 0) state.expiresAt = now;
      return;
    case Algorithm::slidingWindow:
      if (state.log && !state.log->empty()) state.log->pop_back();
      if (!state.log || state.log->empty()) state.expiresAt = now;
      return;
    case Algorithm::concurrent:
      return;
  }
}

namespace {

void requireSound(const Bucket& bucket) {
  if (const auto fault = faultOf(bucket); !fault.empty())
    throw ServiceError(ErrorKind::invalid, "bucket " + bucket.name + ": " + fault);
}

}  // namespace

void requireCounted(const Bucket& bucket) {
  requireSound(bucket);
  if (bucket.algorithm == Algorithm::concurrent)
    throw ServiceError(ErrorKind::invalid, "bucket " + bucket.name + " is concurrent: its slots are held, not taken");
}

void requireConcurrent(const Bucket& bucket) {
  requireSound(bucket);
  if (bucket.algorithm != Algorithm::concurrent)
    throw ServiceError(ErrorKind::invalid, "bucket " + bucket.name + " is not concurrent: it has no slots");
}

}  // namespace mortise::services::limits
