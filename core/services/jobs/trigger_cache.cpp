#include "core/services/jobs/trigger_cache.hpp"

#include <utility>

namespace mortise::services {
namespace {

std::string keyOf(const std::string& text, const std::string& zone) { return zone + '\n' + text; }

}  // namespace

Trigger TriggerCache::stored(const std::string& text, const std::string& zone) {
  auto key = keyOf(text, zone);
  const std::lock_guard lock(mutex_);
  if (const auto known = triggers_.find(key); known != triggers_.end()) return known->second;
  if (triggers_.size() >= kMaxTriggers) triggers_.clear();
  return triggers_.emplace(std::move(key), Trigger::stored(text, zone)).first->second;
}

Trigger TriggerCache::shared(const Trigger& trigger) {
  const std::lock_guard lock(mutex_);
  if (triggers_.size() >= kMaxTriggers) triggers_.clear();
  return triggers_.emplace(keyOf(trigger.text(), trigger.zone()), trigger).first->second;
}

}  // namespace mortise::services
