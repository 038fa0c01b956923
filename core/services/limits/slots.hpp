// The slots of concurrent buckets that this server holds: one for each open request of a limited operation, renewed by
// a heartbeat and released at the end, however it comes: by a thread of its own, or by the next request that is refused
// for lack of a slot. The slots of a crashed server become stale.
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

  // A slot in use; its destructor releases it. [any thread, never blocks]
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
  // Releases the slots that it can; the others become stale.
  ~Slots();
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;

  // [as limits.blocking() says] First releases the slot that `held` has; a refusal leaves it empty. Throws as
  // Limits::lease.
  Decision take(const std::shared_ptr<const limits::Bucket>& bucket, std::string_view key, Held& held);
  // The slots of one bucket on this server.
  std::size_t inUse(const std::string& bucket) const;

 private:
  std::shared_ptr<Keeper> keeper_;
};

}  // namespace mortise::services
