#include "core/services/limits/slots.hpp"

#include <pthread.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/identifiers.hpp"
#include "core/base/text.hpp"
#include "core/ops/log.hpp"
#include "core/services/limits/leases.hpp"

namespace mortise::services {

using Clock = std::chrono::steady_clock;

// The thread renews and releases; a taker that was refused releases, too. For one place (bucket and key) these calls come
// one after another, so that a lease that ends while it is renewed is released afterwards.
struct Slots::Keeper {
  struct Slot {
    std::shared_ptr<const limits::Bucket> bucket;
    std::string key;
    std::string lease;
    Clock::time_point releaseBefore;  // release deadline: by then the lease is stale anyway

    std::string place() const { return limits::Leases::nameOf(*bucket, key); }
  };

  // The calling thread's turn at a place; the constructor waits while another thread has it.
  class Turn {
   public:
    Turn(Keeper& keeper, const std::string& place) : keeper_(keeper), place_(place) {
      std::unique_lock lock(keeper_.mutex);
      keeper_.turnOver.wait(lock, [&] { return !keeper_.busy.contains(place_); });
      keeper_.busy.insert(place_);
    }
    ~Turn() {
      {
        const std::lock_guard lock(keeper_.mutex);
        keeper_.busy.erase(place_);
      }
      keeper_.turnOver.notify_all();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    Keeper& keeper_;
    const std::string& place_;
  };

  Keeper(Limits& counting, std::chrono::milliseconds every) : limits(counting), heartbeat(every) {}

  Limits& limits;
  const std::chrono::milliseconds heartbeat;
  mutable std::mutex mutex;
  std::condition_variable wake, turnOver;
  std::unordered_map<std::uint64_t, Slot> held;
  std::map<std::string, std::vector<Slot>> leaving;  // by place: ended, not released yet
  std::set<std::string> busy;                        // places at which a thread has its turn
  std::map<std::string, std::size_t> counts;
  std::uint64_t lastId = 0;
  std::array<std::uint64_t, 256> released{};  // so far, by the hash of the place
  bool stopping = false;
  std::atomic<bool> failing{false};  // one log line per outage
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
    leaving[slot.place()].push_back(std::move(slot));
    wake.notify_one();
  }

  // Runs `step` against the store; returns false when the store is unreachable.
  template <typename Step>
  bool attempt(Step step) {
    try {
      step();
    } catch (const ServiceError& error) {
      if (!failing.exchange(true))
        log::warning("slots of concurrent requests can't be kept up for now", {{"reason", error.what()}});
      return false;
    }
    failing = false;
    return true;
  }

  // Leases that could not be released stay for the next try.
  bool releaseLeaving(const std::string& place) {
    const Turn turn(*this, place);
    std::vector<Slot> now;
    {
      const std::lock_guard lock(mutex);
      if (auto entry = leaving.extract(place)) now = std::move(entry.mapped());
    }
    for (std::size_t i = 0; i < now.size(); ++i) {
      const bool isBack = attempt([&] { limits.release(*now[i].bucket, now[i].key, now[i].lease); });
      const std::lock_guard lock(mutex);
      if (isBack) {
        ++releasedAt(place);
        continue;
      }
      for (; i < now.size(); ++i) {
        if (Clock::now() < now[i].releaseBefore) leaving[place].push_back(std::move(now[i]));
      }
      return false;
    }
    return true;
  }

  std::uint64_t& releasedAt(const std::string& place) {
    return released[std::hash<std::string>{}(place) % released.size()];
  }

  std::uint64_t releasedSoFar(const std::string& place) {
    const std::lock_guard lock(mutex);
    return releasedAt(place);
  }

  // After a refusal at this place: whether a slot came back since `releasedBefore`, by this thread or by another. True
  // for another place of the same hash, too, which costs one more look.
  bool cameBack(const std::string& place, std::uint64_t releasedBefore) {
    bool isWaiting = false;
    {
      const std::lock_guard lock(mutex);
      isWaiting = leaving.contains(place) || busy.contains(place);
    }
    if (isWaiting) releaseLeaving(place);
    return releasedSoFar(place) != releasedBefore;
  }

  bool renewAll() {
    std::map<std::string, std::vector<std::uint64_t>> places;
    {
      const std::lock_guard lock(mutex);
      for (const auto& [id, slot] : held) places[slot.place()].push_back(id);
    }
    for (const auto& [place, ids] : places) {
      const Turn turn(*this, place);
      Slot one;
      std::vector<std::string> leases;
      {
        const std::lock_guard lock(mutex);
        for (const auto id : ids) {
          const auto entry = held.find(id);
          if (entry == held.end()) continue;
          one = entry->second;
          leases.push_back(one.lease);
        }
      }
      if (leases.empty()) continue;
      if (!attempt([&] { limits.renew(*one.bucket, one.key, leases); })) return false;
    }
    return true;
  }

  void run() {
    ::pthread_setname_np(::pthread_self(), "slots");
    constexpr auto kAgain = std::chrono::seconds(1);
    auto beatAt = Clock::now() + heartbeat;
    auto releaseAt = Clock::now();
    std::unique_lock lock(mutex);
    std::string place;
    const auto releaseNext = [&] {  // in turn, so that none waits behind places that fill again and again
      auto next = leaving.upper_bound(place);
      place = (next == leaving.end() ? leaving.begin() : next)->first;
      lock.unlock();
      const bool isReached = releaseLeaving(place);
      lock.lock();
      return isReached;
    };
    while (!stopping) {
      const auto now = Clock::now();
      if (!leaving.empty() && now >= releaseAt) {
        if (!releaseNext()) releaseAt = Clock::now() + kAgain;
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
    while (!leaving.empty() && releaseNext()) {
    }
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
  const auto place = slot.place();
  const auto releasedBefore = keeper_->releasedSoFar(place);
  Decision decision = keeper_->limits.lease(*bucket, slot.key, slot.lease);
  // Slots are given back a moment after their requests: who asks once more within it must not find them in use.
  if (!decision.allowed && keeper_->cameBack(place, releasedBefore))
    decision = keeper_->limits.lease(*bucket, slot.key, slot.lease);
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
