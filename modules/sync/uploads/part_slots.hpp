// How many parts of one user are being stored at once.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace session_sharing {

// Of this server. [any]
class PartSlots {
 public:
  explicit PartSlots(std::size_t most) : most_(most) {}

  // A slot, released with the object; or none.
  class Held {
   public:
    Held() = default;
    Held(PartSlots& slots, std::string user) : slots_(&slots), user_(std::move(user)) {}
    Held(Held&& other) noexcept : slots_(std::exchange(other.slots_, nullptr)), user_(std::move(other.user_)) {}
    Held& operator=(Held&&) = delete;
    ~Held() {
      if (slots_ != nullptr) slots_->leave(user_);
    }
    explicit operator bool() const { return slots_ != nullptr; }

   private:
    PartSlots* slots_ = nullptr;
    std::string user_;
  };
  // None: the user has all of them.
  Held take(const std::string& user) {
    const std::lock_guard lock(mutex_);
    auto& count = counts_[user];
    if (count >= most_) return {};
    ++count;
    return {*this, user};
  }

 private:
  void leave(const std::string& user) {
    const std::lock_guard lock(mutex_);
    const auto entry = counts_.find(user);
    if (entry != counts_.end() && --entry->second == 0) counts_.erase(entry);
  }

  const std::size_t most_;
  std::mutex mutex_;
  std::map<std::string, std::size_t> counts_;
};

}  // namespace session_sharing
