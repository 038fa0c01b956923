// Argon2id through libsodium, a few at a time. Blocking: tens of milliseconds each, on the caller's worker thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace mortise::identity {

class Passwords {
 public:
  // Throws std::runtime_error for parameters that libsodium does not take.
  Passwords(std::size_t memoryBytes, unsigned passes, unsigned concurrency, std::size_t queueLength);

  // Problem 422 for more than kMaxBytes bytes; 503 unavailable when too many wait.
  std::string hash(std::string_view password);
  // `stored` empty: the same work, then false. Over-long passwords never fit.
  bool check(const std::string& stored, std::string_view password);
  bool outdated(const std::string& stored) const;                                   // made with other parameters
  std::uint64_t hashes() const { return hashes_.load(std::memory_order_relaxed); }  // computed since the start

  static constexpr std::size_t kMaxBytes = 1024;

 private:
  class Turn;
  const std::size_t memory_;
  const unsigned passes_;
  const unsigned concurrency_;
  const std::size_t queueLength_;
  std::atomic<std::uint64_t> hashes_{0};
  std::string unmatched_;  // a hash that no password fits
  std::mutex mutex_;
  std::condition_variable freed_;
  unsigned running_ = 0;
  std::size_t waiting_ = 0;
};

}  // namespace mortise::identity
