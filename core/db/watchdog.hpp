// Cuts the socket of a connection whose statement outlives its deadline. The server enforces statement_timeout, so a
// frozen server never applies it, and libpq waits without limit.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <set>
#include <thread>

namespace mortise::db {

class Watchdog {
 public:
  Watchdog();
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // One watched socket. Owned by the connection that owns the descriptor, and removed before that is closed.
  struct Entry {
    int fd = -1;
    std::atomic<std::int64_t> deadline{0};  // steady clock, milliseconds; 0 = not busy
  };
  void add(Entry* entry);
  void remove(Entry* entry);

  static std::int64_t now();

 private:
  void loop();

  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::set<Entry*> entries_;
  std::thread thread_;
};

}  // namespace mortise::db
