// Argon2id through libsodium, a few at a time. Blocks the caller's worker thread for tens of milliseconds.
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
  // Throws std::runtime_error for parameters that libsodium refuses.
  Passwords(std::size_t memoryBytes, unsigned passes, unsigned concurrency, std::size_t queueLength);

  // Throws Problem 422 for more than kMaxBytes bytes, 503 unavailable when too many callers wait.
  std::string hash(std::string_view password);
  // Empty `stored`: the same work, then false. Over-long passwords never match.
  bool check(const std::string& stored, std::string_view password);
  bool outdated(const std::string& stored) const;                                   // hashed with other parameters
  std::uint64_t hashes() const { return hashes_.load(std::memory_order_relaxed); }  // computed since the start

  static constexpr std::size_t kMaxBytes = 1024;

 private:
  class Turn;
  const std::size_t memory_;
  const unsigned passes_;
  const unsigned concurrency_;
  const std::size_t queueLength_;
  std::atomic<std::uint64_t> hashes_{0};
  std::string unmatched_;  // a hash that no password matches
  std::mutex mutex_;
  std::condition_variable freed_;
  unsigned running_ = 0;
  std::size_t waiting_ = 0;
};

}  // namespace mortise::identity
