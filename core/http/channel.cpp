#include "core/http/channel.hpp"

#include "core/http/connection.hpp"

namespace mortise::http {

bool Channel::send(Bytes bytes) {
  if (!bytes || bytes->empty()) return open();
  bool wake = false;
  bool overflow = false;
  {
    const std::lock_guard lock(mutex_);
    if (!open()) return false;
    const std::size_t total = queuedBytes() + bytes->size();
    if (total > limit_) {
      overflow = shut();
    } else {
      if (total > kLowWater) above_.store(true, std::memory_order_release);
      pending_.fetch_add(bytes->size(), std::memory_order_acq_rel);
      waiting_.push_back(std::move(bytes));
      wake = !scheduled_;
      scheduled_ = true;
    }
  }
  if (overflow) {
    withConnection([](Connection& connection) { connection.dropSlow(); });
    return false;
  }
  if (wake) withConnection([](Connection& connection) { connection.pullChannel(); });
  return open();
}

void Channel::withConnection(std::function<void(Connection&)> action) {
  if (io_->inThread()) {
    Connection* connection = io_->find(connectionId_);
    if (connection && connection->carries(*this)) action(*connection);
    return;
  }
  io_->post([self = shared_from_this(), action = std::move(action)] {
    Connection* connection = self->io_->find(self->connectionId_);
    if (connection && connection->carries(*self)) action(*connection);
  });
}

void Channel::onClosed(std::function<void()> callback) {
  {
    const std::lock_guard lock(mutex_);
    if (!finished_) {
      closed_ = std::move(callback);
      return;
    }
  }
  if (!callback) return;
  if (io_->inThread()) {
    io_->guarded("onClosed", callback);
  } else {
    io_->post([io = io_, callback = std::move(callback)] { io->guarded("onClosed", callback); });
  }
}

void Channel::onDrained(std::function<void()> callback) {
  const std::lock_guard lock(mutex_);
  if (!finished_) drained_ = std::move(callback);
}

std::vector<Channel::Bytes> Channel::take() {
  const std::lock_guard lock(mutex_);
  scheduled_ = false;
  pending_.store(0, std::memory_order_release);
  return std::move(waiting_);
}

void Channel::sent(std::size_t unsentNow) {
  unsent_.store(unsentNow, std::memory_order_release);
  if (!above_.load(std::memory_order_acquire) || queuedBytes() >= kLowWater) return;
  above_.store(false, std::memory_order_release);
  std::function<void()> callback;
  {
    const std::lock_guard lock(mutex_);
    if (finished_) return;
    callback = drained_;
  }
  if (callback) io_->guarded("onDrained", callback);
}

void Channel::finish() {
  shut();
  std::function<void()> callback;
  std::function<void()> forgotten;
  std::vector<Bytes> dropped;
  {
    const std::lock_guard lock(mutex_);
    if (finished_) return;
    finished_ = true;
    callback.swap(closed_);
    forgotten.swap(drained_);
    dropped.swap(waiting_);
    pending_.store(0, std::memory_order_release);
  }
  unsent_.store(0, std::memory_order_release);
  if (callback) io_->guarded("onClosed", callback);
}

}  // namespace mortise::http
