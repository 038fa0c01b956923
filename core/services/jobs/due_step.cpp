#include "core/services/jobs/due_step.hpp"

#include <algorithm>

namespace mortise::services {
namespace {
constexpr std::int64_t kMicros = 1'000'000;
constexpr std::int64_t kSmallStep = 10 * kMicros;
}  // namespace

DueStep stepFrom(const Trigger& trigger, const JobRules& rules, std::int64_t due, std::int64_t now) {
  const auto jitter = rules.jitterSeconds * kMicros;
  // With jitter a time is missed only after its latest moment.
  const auto until = std::max(due, now - jitter);
  const auto oldest =
      rules.misfireGraceSeconds < 0 ? due : std::max(due, now - jitter - rules.misfireGraceSeconds * kMicros);
  if (rules.coalesce) {
    const auto run = trigger.latest(oldest, until);
    return {run, trigger.next(run.value_or(until) + 1)};
  }
  if (due >= oldest) return {due, trigger.next(due + 1)};
  return {std::nullopt, trigger.next(oldest)};
}

std::optional<std::int64_t> nextAfterStepBack(const Trigger& trigger, std::int64_t lastRun, std::int64_t now) {
  const bool smallStep = lastRun <= now + kSmallStep;
  return trigger.next(smallStep ? std::max(now, lastRun + 1) : now);
}

std::int64_t jitterOf(std::string_view jobId, std::int64_t due, std::int64_t jitterSeconds) {
  if (jitterSeconds <= 0) return 0;
  // FNV-1a, then splitmix64, so that neighbouring times have unrelated delays.
  std::uint64_t mixed = 14695981039346656037u;
  for (const char c : jobId) mixed = (mixed ^ static_cast<unsigned char>(c)) * 1099511628211u;
  mixed += static_cast<std::uint64_t>(due);
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
  mixed ^= mixed >> 31;
  return static_cast<std::int64_t>(mixed % static_cast<std::uint64_t>(jitterSeconds * kMicros + 1));
}

}  // namespace mortise::services
