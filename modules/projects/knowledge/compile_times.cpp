#include "knowledge/compile_times.hpp"

#include <chrono>

namespace projects {
namespace {

constexpr std::chrono::microseconds kDay = std::chrono::hours(24), kWeek = 7 * kDay;
constexpr std::chrono::microseconds kHourOfDay = std::chrono::hours(2);
// The epoch was a Thursday: the first Sunday came three days later.
constexpr std::chrono::microseconds kFirstSunday = 3 * kDay;

mortise::Time lastOf(mortise::Time now, std::chrono::microseconds period, std::chrono::microseconds first) {
  const auto since = now.time_since_epoch() - first;
  auto whole = since / period;
  if (since.count() < 0 && since % period != std::chrono::microseconds(0)) --whole;
  return mortise::Time(first + whole * period);
}

}  // namespace

mortise::Time lastCompileTime(CompileSchedule schedule, mortise::Time now) {
  return schedule == CompileSchedule::weekly ? lastOf(now, kWeek, kFirstSunday + kHourOfDay)
                                             : lastOf(now, kDay, kHourOfDay);
}

std::optional<mortise::Time> nextCompileTime(CompileSchedule schedule, mortise::Time now) {
  if (schedule == CompileSchedule::off) return std::nullopt;
  return lastCompileTime(schedule, now) + (schedule == CompileSchedule::weekly ? kWeek : kDay);
}

}  // namespace projects
