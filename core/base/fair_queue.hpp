// A first-in-first-out queue for each owner; the owners take turns. Not thread-safe.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

namespace mortise {

template <typename Item>
class FairQueue {
 public:
  bool empty() const { return turns_.empty(); }
  std::size_t size() const { return size_; }

  void push(const std::string& owner, Item item) {
    auto& own = items_[owner];
    if (own.empty()) turns_.push_back(owner);
    own.push_back(std::move(item));
    resized(owner, own.size() - 1, own.size());
  }

  // The oldest item of the owner whose turn it is. The queue is not empty.
  Item pop() {
    std::string owner = std::move(turns_.front());
    turns_.pop_front();
    const auto own = items_.find(owner);
    Item item = std::move(own->second.front());
    own->second.pop_front();
    resized(owner, own->second.size() + 1, own->second.size());
    if (own->second.empty()) {
      items_.erase(own);
    } else {
      turns_.push_back(std::move(owner));
    }
    return item;
  }

  // Makes room for one more item of `owner`: takes out the newest item of the owner that has most, when that has more
  // than `owner` would have. nullopt: `owner` has its share already.
  std::optional<Item> makeRoomFor(const std::string& owner) {
    const auto mine = items_.find(owner);
    const std::size_t wouldHave = (mine == items_.end() ? 0 : mine->second.size()) + 1;
    if (sizes_.empty() || sizes_.rbegin()->first <= wouldHave) return std::nullopt;
    const std::string most = sizes_.rbegin()->second;
    auto& theirs = items_.at(most);  // at least two, so its turn stays
    Item item = std::move(theirs.back());
    theirs.pop_back();
    resized(most, theirs.size() + 1, theirs.size());
    return item;
  }

 private:
  void resized(const std::string& owner, std::size_t before, std::size_t after) {
    if (before > 0) sizes_.erase({before, owner});
    if (after > 0) sizes_.emplace(after, owner);
    size_ += after;
    size_ -= before;
  }

  std::unordered_map<std::string, std::deque<Item>> items_;  // no empty ones
  std::deque<std::string> turns_;                            // each owner once
  std::set<std::pair<std::size_t, std::string>> sizes_;      // how many items each owner has
  std::size_t size_ = 0;
};

}  // namespace mortise
