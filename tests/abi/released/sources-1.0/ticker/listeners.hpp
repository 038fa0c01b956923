// The streams that want every tick. Safe from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mortise/stream.hpp>
#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace ticker {

// [listeners]
class Listeners {
 public:
  // A number for a stream that is about to be opened: its onClosed may come before add().
  std::uint64_t expect() {
    const std::lock_guard lock(mutex_);
    expected_.insert(++last_);
    return last_;
  }
  void add(std::uint64_t id, mortise::EventStream stream) {
    const std::lock_guard lock(mutex_);
    if (expected_.erase(id) != 0) streams_.emplace(id, std::move(stream));
  }
  // What onClosed calls. The handle is let go outside the lock.
  void remove(std::uint64_t id) {
    std::map<std::uint64_t, mortise::EventStream>::node_type gone;
    const std::lock_guard lock(mutex_);
    expected_.erase(id);
    gone = streams_.extract(id);
  }
  void send(const std::string& id, const std::string& data) {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, stream] : streams_)
      stream.send("tick", id, data);  // one that is gone is removed by its onClosed
  }
  void closeAll() {
    std::map<std::uint64_t, mortise::EventStream> all;
    const std::lock_guard lock(mutex_);
    all.swap(streams_);
  }

 private:
  std::mutex mutex_;
  std::uint64_t last_ = 0;
  std::set<std::uint64_t> expected_;
  std::map<std::uint64_t, mortise::EventStream> streams_;
};
// [/listeners]

}  // namespace ticker
