// Hands bytes from the thread that receives them to the thread that reads them, a bounded number at a time.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>

namespace skills {

class PieceQueue {
 public:
  // Waits while too much is unread. False: the reader wants no more.
  bool push(std::string_view piece);
  // Nothing follows.
  void end();
  // The next bytes, good until the next call; empty: nothing follows.
  std::string_view pop();
  // The reader wants no more.
  void abandon();
  bool isAbandoned();

 private:
  static constexpr std::size_t kMaxUnread = 1 << 20;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> pieces_;
  std::size_t unread_ = 0;
  bool ended_ = false;
  bool abandoned_ = false;
  std::string current_;  // the reader's alone
};

}  // namespace skills
