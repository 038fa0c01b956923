#include "core/services/limits/slots.hpp"

#include <pthread.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/identifiers.hpp"
#include "core/base/text.hpp"
#include "core/ops/log.hpp"

namespace mortise::services {

using Clock = std::chrono::steady_clock;

// All calls to the store except the taking run on one thread, so a lease that ends while it is renewed is released
// afterwards.
struct Slots::Keeper {
  struct Slot {
    std::shared_ptr<const limits::Bucket> bucket;
    std::string key;
    std::string lease;
    Clock::time_point releaseBefore;  // release deadline: by then the lease is stale anyway
  };

  Keeper(Limits& counting, std::chrono::milliseconds every) : limits(counting), heartbeat(every) {}

  Limits& limits;  // not used once `stopping` is set
  const std::chrono::milliseconds heartbeat;
  mutable std::mutex mutex;
  std::condition_variable wake;
  std::unordered_map<std::uint64_t, Slot> held;
  std::vector<Slot> leaving;  // ended, not released yet
  std::map<std::string, std::size_t> counts;
  std::uint64_t lastId = 0;
  bool stopping = false;
  bool failing = false;  // one log line per outage; used by the thread only
  std::thread thread;

  void release(std::uint64_t id) {
    const std::lock_guard lock(mutex);
    const auto entry = held.find(id);
    if (entry == held.end()) return;
    Slot slot = std::move(entry->second);
    held.erase(entry);
    --counts[slot.bucket->name];
    if (stopping) return;
    slot.releaseBefore = Clock::now() + std::chrono::seconds(slot.bucket->windowSeconds);
    leaving.push_back(std::move(slot));
    wake.notify_one();
  }

  // Runs `step` against the store; returns false when the store is unreachable.
  template <typename Step>
  bool attempt(Step step) {
    try {
      step();
    } catch (const ServiceError& error) {
      if (!std::exchange(failing, true))
        log::warning("slots of concurrent requests can't be kept up for now", {{"reason", error.what()}});
      return false;
    }
    failing = false;
    return true;
  }

  // Leases that could not be released stay for the next try.
  bool giveBack() {
    std::vector<Slot> now;
    {
      const std::lock_guard lock(mutex);
      now.swap(leaving);
    }
    for (std::size_t i = 0; i < now.size(); ++i) {
      if (attempt([&] { limits.release(*now[i].bucket, now[i].key, now[i].lease); })) continue;
      const std::lock_guard lock(mutex);
      for (; i < now.size(); ++i) {
        if (Clock::now() < now[i].releaseBefore) leaving.push_back(std::move(now[i]));
      }
      return false;
    }
    return true;
  }

  bool renewAll() {
    using Place = std::pair<std::shared_ptr<const limits::Bucket>, std::string>;
    std::map<Place, std::vector<std::string>> leases;
    {
      const std::lock_guard lock(mutex);
      for (const auto& [id, slot] : held) leases[{slot.bucket, slot.key}].push_back(slot.lease);
    }
    for (const auto& entry : leases) {
      if (!attempt([&] { limits.renew(*entry.first.first, entry.first.second, entry.second); })) return false;
    }
    return true;
  }

  void run() {
    ::pthread_setname_np(::pthread_self(), "slots");
    constexpr auto kAgain = std::chrono::seconds(1);
    auto beatAt = Clock::now() + heartbeat;
    auto releaseAt = Clock::now();
    std::unique_lock lock(mutex);
    while (!stopping) {
      const auto now = Clock::now();
      if (!leaving.empty() && now >= releaseAt) {
        lock.unlock();
        if (!giveBack()) releaseAt = Clock::now() + kAgain;
        lock.lock();
        continue;
      }
      if (now >= beatAt) {
        lock.unlock();
        beatAt = Clock::now() + (renewAll() ? heartbeat : std::min<std::chrono::milliseconds>(heartbeat, kAgain));
        lock.lock();
        continue;
      }
      wake.wait_until(lock, leaving.empty() ? beatAt : std::min(beatAt, releaseAt));
    }
    lock.unlock();
    giveBack();
  }
};

Slots::Held& Slots::Held::operator=(Held&& other) noexcept {
  if (this == &other) return *this;
  release();
  keeper_ = std::move(other.keeper_);
  id_ = other.id_;
  return *this;
}

void Slots::Held::release() {
  if (const auto keeper = std::move(keeper_)) keeper->release(id_);
}

Slots::Slots(Limits& limits, std::chrono::milliseconds heartbeat)
    : keeper_(std::make_shared<Keeper>(limits, heartbeat)) {
  keeper_->thread = std::thread([keeper = keeper_.get()] { keeper->run(); });
}

Slots::~Slots() {
  {
    const std::lock_guard lock(keeper_->mutex);
    keeper_->stopping = true;
  }
  keeper_->wake.notify_one();
  keeper_->thread.join();
}

Decision Slots::take(const std::shared_ptr<const limits::Bucket>& bucket, std::string_view key, Held& held) {
  held.release();
  Keeper::Slot slot{bucket, std::string(key), text::hex(randomBytes(16)), {}};
  const Decision decision = keeper_->limits.lease(*bucket, slot.key, slot.lease);
  if (!decision.allowed || bucket->off) return decision;
  std::uint64_t id = 0;
  {
    const std::lock_guard lock(keeper_->mutex);
    id = ++keeper_->lastId;
    ++keeper_->counts[bucket->name];
    keeper_->held.emplace(id, std::move(slot));
  }
  held = Held(keeper_, id);
  return decision;
}

std::size_t Slots::inUse(const std::string& bucket) const {
  const std::lock_guard lock(keeper_->mutex);
  const auto entry = keeper_->counts.find(bucket);
  return entry == keeper_->counts.end() ? 0 : entry->second;
}

}  // namespace mortise::services
