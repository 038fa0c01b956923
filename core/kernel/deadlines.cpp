#include "core/kernel/deadlines.hpp"

#include <algorithm>

#include "core/kernel/request_call.hpp"

namespace mortise::kernel {

Deadlines::Deadlines() : thread_([this] { run(); }) {}

Deadlines::~Deadlines() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Deadlines::watch(std::weak_ptr<RequestCall> call, std::chrono::steady_clock::time_point due) {
  if (const auto watched = call.lock()) watched->limitTime(due);
  const std::lock_guard lock(mutex_);
  if (queue_.size() >= lookThroughAt_) {
    std::erase_if(queue_, [](const Entry& entry) { return entry.call.expired(); });
    std::make_heap(queue_.begin(), queue_.end());
    lookThroughAt_ = std::max(kMinQueued, 2 * queue_.size());
  }
  queue_.push_back({due, std::move(call)});
  std::push_heap(queue_.begin(), queue_.end());
}

std::size_t Deadlines::size() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

void Deadlines::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    wake_.wait_for(lock, std::chrono::milliseconds(500), [this] { return stopping_; });
    const auto now = std::chrono::steady_clock::now();
    std::vector<std::shared_ptr<RequestCall>> late;
    while (!queue_.empty() && (queue_.front().due <= now || queue_.front().call.expired())) {
      if (auto call = queue_.front().call.lock()) late.push_back(std::move(call));
      std::pop_heap(queue_.begin(), queue_.end());
      queue_.pop_back();
    }
    lock.unlock();
    for (const auto& call : late) call->timeOut();
    late.clear();
    lock.lock();
  }
}

}  // namespace mortise::kernel
