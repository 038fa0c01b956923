// Tasks that wait, of several people: each has a turn after the other.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace session_sharing {

// [any], one thread at a time.
template <class Task>
class FairTasks {
 public:
  // At most `most` tasks wait, `mostOfOne` of one person.
  FairTasks(std::size_t most, std::size_t mostOfOne) : most_(most), mostOfOne_(mostOfOne) {}

  // False: too many wait, and `task` is as it was.
  bool add(const std::string& who, Task&& task) {
    if (size_ >= most_) return false;
    const auto known = lanes_.find(who);
    if (known != lanes_.end() && known->second.size() >= mostOfOne_) return false;
    auto& lane = known != lanes_.end() ? known->second : lanes_[who];
    if (lane.empty()) turns_.push_back(who);
    lane.push_back(std::move(task));
    ++size_;
    return true;
  }

  // The next one's first task; none when none waits.
  std::optional<Task> take() {
    if (turns_.empty()) return std::nullopt;
    const auto who = std::move(turns_.front());
    turns_.pop_front();
    const auto lane = lanes_.find(who);
    std::optional<Task> task(std::move(lane->second.front()));
    lane->second.pop_front();
    if (lane->second.empty()) {
      lanes_.erase(lane);
    } else {
      turns_.push_back(who);
    }
    --size_;
    return task;
  }

  std::size_t size() const { return size_; }

 private:
  std::size_t most_;
  std::size_t mostOfOne_;
  std::size_t size_ = 0;
  std::map<std::string, std::deque<Task>> lanes_;  // none is empty
  std::deque<std::string> turns_;                  // who has a lane, each once
};

}  // namespace session_sharing
