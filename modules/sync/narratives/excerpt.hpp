// What a model reads of a session to tell what happened: its beginning and its end, in bounded memory. Plain C++.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include "audits/transcript.hpp"

namespace session_sharing {

// Feed it the messages in order.
class Excerpt {
 public:
  void take(const TranscriptMessage& message);
  // A line or more for each message; "[…]" stands for those in between. At most about 60,000 bytes.
  std::string text() const;

 private:
  std::string head_;
  std::deque<std::string> tail_;
  std::size_t tailBytes_ = 0;
  bool dropped_ = false;
};

}  // namespace session_sharing
