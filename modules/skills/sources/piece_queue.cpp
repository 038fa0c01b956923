#include "sources/piece_queue.hpp"

#include <utility>

namespace skills {

bool PieceQueue::push(std::string_view piece) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return abandoned_ || unread_ < kMaxUnread; });
  if (abandoned_) return false;
  if (piece.empty()) return true;
  pieces_.emplace_back(piece);
  unread_ += piece.size();
  changed_.notify_all();
  return true;
}

void PieceQueue::end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

std::string_view PieceQueue::pop() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ended_ || !pieces_.empty(); });
  current_.clear();
  if (pieces_.empty()) return current_;
  current_ = std::move(pieces_.front());
  pieces_.pop_front();
  unread_ -= current_.size();
  changed_.notify_all();
  return current_;
}

void PieceQueue::abandon() {
  const std::lock_guard lock(mutex_);
  abandoned_ = true;
  changed_.notify_all();
}

bool PieceQueue::isAbandoned() {
  const std::lock_guard lock(mutex_);
  return abandoned_;
}

}  // namespace skills
