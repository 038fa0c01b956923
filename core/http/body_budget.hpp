// The memory that the request bodies of all connections may take together, and each client of it. What waits for the
// disk has a bound of its own: Spool::kAllWindows.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace mortise::http {

// [any thread]
class BodyBudget {
 public:
  // The first bytes of each body are free, so that small requests, small uploads too, pass whatever others send. There
  // are at most as many of them as connections.
  static constexpr std::uint64_t kFree = 16 << 10;
  static constexpr std::uint64_t kStep = 64 << 10;  // what a body takes at once
  // One client may have this part of the budget, or one body of any size.
  static constexpr std::uint64_t kClientPart = 4;

  explicit BodyBudget(std::uint64_t limit) : limit_(limit) {}
  BodyBudget(const BodyBudget&) = delete;
  BodyBudget& operator=(const BodyBudget&) = delete;

  // What one body holds. Its destructor gives it back.
  class Share {
   public:
    Share() = default;
    Share(BodyBudget& budget, std::string client) : budget_(&budget), client_(std::move(client)) {}
    Share(Share&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)), client_(std::move(other.client_)), held_(other.held_) {}
    Share& operator=(Share&& other) noexcept;
    ~Share() { release(); }

    // Room for `bytes` in all. Returns false, and takes nothing, when there is none.
    bool cover(std::uint64_t bytes);
    void release();

   private:
    BodyBudget* budget_ = nullptr;
    std::string client_;
    std::uint64_t held_ = 0;
  };

  std::uint64_t used() const;
  std::uint64_t refused() const;

 private:
  bool take(const std::string& client, std::uint64_t held, std::uint64_t more);
  void release(const std::string& client, std::uint64_t held);

  const std::uint64_t limit_;
  mutable std::mutex mutex_;
  std::uint64_t used_ = 0;
  std::uint64_t refused_ = 0;
  std::unordered_map<std::string, std::uint64_t> byClient_;  // without those that have no name
};

}  // namespace mortise::http
