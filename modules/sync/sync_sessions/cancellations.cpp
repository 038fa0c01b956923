#include "sync_sessions/cancellations.hpp"

#include <exception>

namespace sync_sessions {
namespace {

// The payload is the session's id.
constexpr std::string_view kTopic = "sync.cancelled";
constexpr std::chrono::seconds kMaxAge{1};
constexpr std::chrono::minutes kMaxIdle{10};

}  // namespace

void Cancellations::start() {
  if (!events_) return;
  subscription_ = events_->subscribe(kTopic, [this](const mortise::Event& event) { markCancelled(event.payload); });
}

// A session that no call has asked about on this server needs no entry.
void Cancellations::markCancelled(std::string_view sessionId) {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(sessionId);
  if (at != entries_.end()) at->second.cancelled = true;
}

bool Cancellations::cancelled(std::string_view sessionId) {
  const auto now = Clock::now();
  {
    const std::lock_guard lock(mutex_);
    auto at = entries_.find(sessionId);
    if (at == entries_.end()) at = entries_.emplace(sessionId, Entry{false, now - 2 * kMaxAge, now}).first;
    auto& entry = at->second;
    entry.askedAt = now;
    if (entry.cancelled || now - entry.readAt < kMaxAge) return entry.cancelled;
    entry.readAt = now;  // this call asks the database, others go on meanwhile
  }
  bool cancelled = false;
  try {
    const auto session = store_.find(sessionId);
    cancelled = !session || session->status == "cancelled";
  } catch (const std::exception& error) {
    log_.warning("can't see whether a session was cancelled", {{"session", sessionId}, {"error", error.what()}});
    return false;
  }
  if (cancelled) markCancelled(sessionId);
  return cancelled;
}

void Cancellations::announce(std::string_view sessionId) {
  markCancelled(sessionId);
  if (!events_) return;
  try {
    events_->publish(kTopic, sessionId);
  } catch (const std::exception& error) {
    log_.warning("other servers learn of a cancel only by asking", {{"session", sessionId}, {"error", error.what()}});
  }
}

void Cancellations::removeOld() {
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  std::erase_if(entries_, [&](const auto& each) { return now - each.second.askedAt > kMaxIdle; });
}

}  // namespace sync_sessions
