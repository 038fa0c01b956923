// The slots of concurrent buckets that this server holds: one for each open request of a limited operation, kept alive
// by a heartbeat and given back when the request ends, however it ends. A server that dies gives them back by going
// stale.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/services/limits/bucket.hpp"
#include "core/services/limits/limits.hpp"

namespace mortise::services {

class Slots {
  struct Keeper;

 public:
  static constexpr std::chrono::seconds kHeartbeat{30};

  // A slot that is held; gives it back when it goes. [any thread, never blocks]
  class Held {
   public:
    Held() = default;
    Held(Held&& other) noexcept : keeper_(std::move(other.keeper_)), id_(other.id_) {}
    Held& operator=(Held&& other) noexcept;
    ~Held() { release(); }
    void release();

   private:
    friend class Slots;
    Held(std::shared_ptr<Keeper> keeper, std::uint64_t id) : keeper_(std::move(keeper)), id_(id) {}
    std::shared_ptr<Keeper> keeper_;
    std::uint64_t id_ = 0;
  };

  explicit Slots(Limits& limits, std::chrono::milliseconds heartbeat = kHeartbeat);
  // Gives back what it can reach; what is held after that is left to go stale.
  ~Slots();
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;

  // [as limits.blocking() says] What `held` held goes first; a refusal leaves it empty. Throws as Limits::lease.
  Decision take(const std::shared_ptr<const limits::Bucket>& bucket, std::string_view key, Held& held);
  // Of one bucket, on this server.
  std::size_t inUse(const std::string& bucket) const;

 private:
  std::shared_ptr<Keeper> keeper_;
};

}  // namespace mortise::services
