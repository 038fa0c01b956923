#include "cancellations.hpp"

#include <exception>

namespace sync_sessions {
namespace {

// The payload is the session's id.
constexpr std::string_view kTopic = "sync.cancelled";
constexpr std::chrono::seconds kGoodFor{1};
constexpr std::chrono::minutes kKeptFor{10};

}  // namespace

void Cancellations::start() {
  if (!events_) return;
  subscription_ = events_->subscribe(kTopic, [this](const mortise::Event& event) { keep(event.payload); });
}

void Cancellations::keep(std::string_view sessionId) {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(sessionId);
  if (found != known_.end()) found->second.cancelled = true;  // nobody here asks about others
}

bool Cancellations::cancelled(std::string_view sessionId) {
  const auto now = Clock::now();
  {
    const std::lock_guard lock(mutex_);
    auto found = known_.find(sessionId);
    if (found == known_.end()) found = known_.emplace(sessionId, Known{false, now - 2 * kGoodFor, now}).first;
    auto& known = found->second;
    known.asked = now;
    if (known.cancelled || now - known.learnt < kGoodFor) return known.cancelled;
    known.learnt = now;  // one asks the database, others go on meanwhile
  }
  bool cancelled = false;
  try {
    const auto session = store_.find(sessionId);
    cancelled = !session || session->status == "cancelled";
  } catch (const std::exception& error) {
    log_.warning("can't see whether a session was cancelled", {{"session", sessionId}, {"error", error.what()}});
    return false;
  }
  if (cancelled) keep(sessionId);
  return cancelled;
}

void Cancellations::announce(std::string_view sessionId) {
  keep(sessionId);
  if (!events_) return;
  try {
    events_->publish(kTopic, sessionId);
  } catch (const std::exception& error) {
    log_.warning("other servers learn of a cancel only by asking", {{"session", sessionId}, {"error", error.what()}});
  }
}

void Cancellations::forgetOld() {
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  std::erase_if(known_, [&](const auto& entry) { return now - entry.second.asked > kKeptFor; });
}

}  // namespace sync_sessions
