// Gives out numbered slots in the order of the requests, each with a deadline. Guards connections; with one slot it is
// a fair lock.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

namespace mortise::db {

class FairPool {
 public:
  explicit FairPool(std::size_t slots);

  // The slot used last, so that few connections stay warm. nullopt when no slot became free by `deadline`.
  std::optional<std::size_t> acquire(std::chrono::steady_clock::time_point deadline);
  void release(std::size_t slot);

 private:
  struct Waiter {
    std::condition_variable wake;
    std::optional<std::size_t> slot;
  };

  std::mutex mutex_;
  std::vector<std::size_t> idle_;
  std::deque<Waiter*> waiting_;
};

}  // namespace mortise::db
