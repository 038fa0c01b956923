#include "desktop/takeovers.hpp"

#include <algorithm>

namespace agent::desktop {

void Takeovers::start(Changed changed) {
  changed_ = std::move(changed);
  looking_ = std::make_unique<sandbox::Periodic>();
  looking_->start(times_.lookEvery, [this] { look(); });
}

void Takeovers::take(std::string_view sessionId) {
  const std::lock_guard lock(mutex_);
  since_[std::string(sessionId)] = Clock::now();
  if (changed_) changed_(sessionId, Holder::user);
}

bool Takeovers::release(std::string_view sessionId) {
  const std::lock_guard lock(mutex_);
  const auto entry = since_.find(sessionId);
  if (entry == since_.end()) return false;
  since_.erase(entry);
  if (changed_) changed_(sessionId, Holder::agent);
  return true;
}

Holder Takeovers::holder(std::string_view sessionId) {
  const std::lock_guard lock(mutex_);
  return since_.contains(sessionId) ? Holder::user : Holder::agent;
}

void Takeovers::notify(std::string_view sessionId) {
  const std::lock_guard lock(mutex_);
  if (changed_) changed_(sessionId, since_.contains(sessionId) ? Holder::user : Holder::agent);
}

void Takeovers::remove(std::string_view sessionId) {
  const std::lock_guard lock(mutex_);
  if (const auto entry = since_.find(sessionId); entry != since_.end()) since_.erase(entry);
}

// Under the lock. The time that nobody looked counts from when it was taken.
bool Takeovers::hasEnded(const std::string& sessionId, Clock::time_point since) const {
  return Clock::now() - std::max(since, seenAt_(sessionId).value_or(since)) >= times_.unseen;
}

void Takeovers::look() {
  const std::lock_guard lock(mutex_);
  std::erase_if(since_, [this](const auto& item) {
    const bool ended = hasEnded(item.first, item.second);
    if (ended && changed_) changed_(item.first, Holder::agent);
    return ended;
  });
}

}  // namespace agent::desktop
