#include "core/db/watchdog.hpp"

#include <pthread.h>
#include <sys/socket.h>

namespace mortise::db {

Watchdog::Watchdog() : thread_([this] { loop(); }) {}

Watchdog::~Watchdog() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  thread_.join();
}

void Watchdog::add(Entry* entry) {
  std::lock_guard lock(mutex_);
  entries_.insert(entry);
}

void Watchdog::remove(Entry* entry) {
  std::lock_guard lock(mutex_);
  entries_.erase(entry);
}

std::int64_t Watchdog::now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void Watchdog::loop() {
  ::pthread_setname_np(::pthread_self(), "db-watchdog");
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, std::chrono::milliseconds(250), [this] { return stopping_; })) {
    const std::int64_t time = now();
    for (Entry* const entry : entries_) {
      const std::int64_t deadline = entry->deadline.load(std::memory_order_relaxed);
      if (deadline != 0 && deadline < time) ::shutdown(entry->fd, SHUT_RDWR);
    }
  }
}

}  // namespace mortise::db
