// Work for many servers at once, on a bounded number of threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <system_error>
#include <thread>
#include <vector>

namespace agent {

inline constexpr std::size_t kMaxAtOnce = 32;

// Calls `work` with each number below `count`, some of them at once, and returns when all is done. `work` does not throw.
// Where the system gives no threads, those that there are do it: the caller at least.
template <class Work>
void atOnce(std::size_t count, const Work& work) {
  std::atomic<std::size_t> next = 0;
  const auto some = [&] {
    for (auto mine = next++; mine < count; mine = next++) work(mine);
  };
  std::vector<std::jthread> others;
  others.reserve(kMaxAtOnce);
  try {
    while (others.size() + 1 < std::min(count, kMaxAtOnce)) others.emplace_back(some);
  } catch (const std::system_error&) {
    // There are fewer.
  }
  some();
}

}  // namespace agent
