#include "core/db/fair_pool.hpp"

#include <algorithm>

namespace mortise::db {

FairPool::FairPool(std::size_t slots) {
  for (std::size_t i = slots; i > 0; --i) idle_.push_back(i - 1);
}

std::optional<std::size_t> FairPool::acquire(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  if (!idle_.empty()) {  // then no thread waits: release() serves waiters first
    const std::size_t slot = idle_.back();
    idle_.pop_back();
    return slot;
  }
  Waiter waiter;
  waiting_.push_back(&waiter);
  waiter.wake.wait_until(lock, deadline, [&] { return waiter.slot.has_value(); });
  if (!waiter.slot) waiting_.erase(std::find(waiting_.begin(), waiting_.end(), &waiter));
  return waiter.slot;
}

void FairPool::release(std::size_t slot) {
  std::lock_guard lock(mutex_);
  if (waiting_.empty()) {
    idle_.push_back(slot);
    return;
  }
  Waiter* const next = waiting_.front();
  waiting_.pop_front();
  next->slot = slot;
  next->wake.notify_one();  // under the lock, because the waiter is on its thread's stack
}

}  // namespace mortise::db
