#include "archives/push_slots.hpp"

#include <pthread.h>

#include <algorithm>
#include <utility>

namespace session_sharing {

void PushSlots::begin() {
  const std::lock_guard lock(mutex_);
  isRunning_ = true;
  thread_ = std::thread([this] { watch(); });
}

void PushSlots::end() {
  std::deque<std::function<void()>> refused;
  {
    const std::lock_guard lock(mutex_);
    isRunning_ = false;
    refused = takeOver(Clock::time_point::max());
  }
  wake_.notify_all();
  for (const auto& refuse : refused) refuse();
  if (thread_.joinable()) thread_.join();
}

void PushSlots::enter(const std::string& user, std::function<void()> start, std::function<void()> refuse) {
  {
    const std::lock_guard lock(mutex_);
    auto& entry = users_[user];
    if (entry.active >= most_ && isRunning_) {
      entry.waiting.push_back({std::move(start), std::move(refuse), Clock::now() + patience_});
      wake_.notify_all();
      return;
    }
    ++entry.active;
  }
  start();
}

void PushSlots::leave(const std::string& user) {
  std::function<void()> start;
  {
    const std::lock_guard lock(mutex_);
    const auto entry = users_.find(user);
    if (entry == users_.end()) return;
    if (auto& waiting = entry->second.waiting; !waiting.empty()) {
      start = std::move(waiting.front().start);  // the slot goes from hand to hand
      waiting.pop_front();
    } else if (--entry->second.active == 0) {
      users_.erase(entry);
    }
  }
  if (start) start();
}

PushSlots::Clock::time_point PushSlots::nextEnd() const {
  auto next = Clock::time_point::max();
  for (const auto& [user, entry] : users_) {
    if (!entry.waiting.empty()) next = std::min(next, entry.waiting.front().until);
  }
  return next;
}

std::deque<std::function<void()>> PushSlots::takeOver(Clock::time_point now) {
  std::deque<std::function<void()>> refused;
  for (auto& [user, entry] : users_) {
    while (!entry.waiting.empty() && entry.waiting.front().until <= now) {
      refused.push_back(std::move(entry.waiting.front().refuse));
      entry.waiting.pop_front();
    }
  }
  return refused;
}

void PushSlots::watch() {
  ::pthread_setname_np(::pthread_self(), "push-slots");
  std::unique_lock lock(mutex_);
  while (isRunning_) {
    const auto next = nextEnd();
    next == Clock::time_point::max() ? wake_.wait(lock) : static_cast<void>(wake_.wait_until(lock, next));
    auto refused = takeOver(Clock::now());
    lock.unlock();
    for (const auto& refuse : refused) refuse();
    refused.clear();
    lock.lock();
  }
}

}  // namespace session_sharing
