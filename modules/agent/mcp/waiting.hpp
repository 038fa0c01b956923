// How long something waits, and what ends it before.
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>

#include "mcp/failure.hpp"

namespace agent::mcp {

struct Waiting {
  using Clock = std::chrono::steady_clock;
  Clock::time_point end;
  std::function<bool()> stopped{};  // asked a few times a second

  static Waiting atMost(std::chrono::milliseconds time, std::function<bool()> stopped = {}) {
    return {Clock::now() + time, std::move(stopped)};
  }
  // The same, but no longer than `time` from now.
  Waiting within(std::chrono::milliseconds time) const { return {std::min(end, Clock::now() + time), stopped}; }

  std::chrono::milliseconds left() const {
    return std::max(std::chrono::milliseconds(0),
                    std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()));
  }
  // Throws Failure when the time is over or nobody waits.
  void check() const {
    if (stopped && stopped()) throw Failure(Failure::Cause::stopped, "it was stopped");
    if (Clock::now() >= end) throw Failure(Failure::Cause::timedOut, "it did not answer in time");
  }
  // How long to sleep before the next check().
  std::chrono::milliseconds slice() const {
    constexpr std::chrono::milliseconds kSlice{100};
    return std::clamp(left(), std::chrono::milliseconds(1), kSlice);
  }
};

}  // namespace agent::mcp
