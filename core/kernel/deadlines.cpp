#include "core/kernel/deadlines.hpp"

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
  const std::lock_guard lock(mutex_);
  queue_.push({due, std::move(call)});
}

void Deadlines::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    wake_.wait_for(lock, std::chrono::milliseconds(500), [this] { return stopping_; });
    const auto now = std::chrono::steady_clock::now();
    std::vector<std::shared_ptr<RequestCall>> late;
    while (!queue_.empty() && (queue_.top().due <= now || queue_.top().call.expired())) {
      if (auto call = queue_.top().call.lock()) late.push_back(std::move(call));
      queue_.pop();
    }
    lock.unlock();
    for (const auto& call : late) {
      if (!call->answered()) call->fail(Problem(504, "timeout").note("the handler did not answer in time"));
    }
    late.clear();
    lock.lock();
  }
}

}  // namespace mortise::kernel
