#include "core/http/body_budget.hpp"

namespace mortise::http {

BodyBudget::Share& BodyBudget::Share::operator=(Share&& other) noexcept {
  if (this == &other) return *this;
  release();
  budget_ = std::exchange(other.budget_, nullptr);
  client_ = std::move(other.client_);
  held_ = other.held_;
  return *this;
}

bool BodyBudget::Share::cover(std::uint64_t bytes) {
  if (budget_ == nullptr || bytes <= kFree + held_) return true;
  const std::uint64_t missing = bytes - kFree - held_;
  const std::uint64_t more = (missing + kStep - 1) / kStep * kStep;
  if (!budget_->take(client_, held_, more)) return false;
  held_ += more;
  return true;
}

void BodyBudget::Share::release() {
  if (budget_ != nullptr && held_ > 0) budget_->release(client_, held_);
  budget_ = nullptr;
  held_ = 0;
}

bool BodyBudget::take(const std::string& client, std::uint64_t held, std::uint64_t more) {
  const std::lock_guard lock(mutex_);
  bool fits = more <= limit_ && used_ <= limit_ - more;
  if (fits && !client.empty()) {
    const auto entry = byClient_.find(client);
    const std::uint64_t theirs = entry == byClient_.end() ? 0 : entry->second;
    fits = theirs == held || theirs + more <= limit_ / kClientPart;
    if (fits) byClient_[client] = theirs + more;
  }
  if (!fits) {
    ++refused_;
    return false;
  }
  used_ += more;
  return true;
}

void BodyBudget::release(const std::string& client, std::uint64_t held) {
  const std::lock_guard lock(mutex_);
  used_ -= held;
  const auto entry = byClient_.find(client);
  if (entry != byClient_.end() && (entry->second -= held) == 0) byClient_.erase(entry);
}

std::uint64_t BodyBudget::used() const {
  const std::lock_guard lock(mutex_);
  return used_;
}

std::uint64_t BodyBudget::refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

}  // namespace mortise::http
