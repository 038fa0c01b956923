// One message of the agent as it grows: partial messages with all of the text so far, under one stream_id.
#pragma once

#include <mortise/characters.hpp>
#include <mortise/uuid.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "conversations/running_task.hpp"

namespace agent {

class Speaker {
 public:
  // Of a text of this size, at least: each piece has all before it, so those of long texts are longer.
  static constexpr std::size_t pieceOf(std::size_t size) { return std::max<std::size_t>(24, size / kMostPieces); }

  explicit Speaker(RunningTask& task) : task_(task) {}

  // The text so far. What grew by a piece or less waits: it may be the end, which finish() tells.
  void grow(const std::string& text) {
    const auto size = mortise::characterCount(text);
    // However much comes at first, it begins with the least: of a model that does not stream finish() cuts the rest.
    const bool isFirst = sent_ == 0;
    const auto piece = pieceOf(isFirst ? 0 : size);
    if (size <= sent_ + piece) return;
    sent_ = isFirst ? piece : size;
    tell(isFirst ? mortise::firstCharacters(text, piece) : text);
  }
  bool spoke() const { return sent_ > 0; }
  // What follows is another message.
  void restart() {
    streamId_ = mortise::makeUuid();
    sent_ = 0;
  }

  // The whole text: what did not come in pieces goes out in pieces all the same, a moment apart.
  NewEvent finish(const std::string& text, const std::vector<FileInfo>& files = {}) {
    const auto size = mortise::characterCount(text);
    const auto piece = pieceOf(size);
    for (auto end = sent_ + piece; end < size; end += piece) {
      tell(mortise::firstCharacters(text, end));
      std::this_thread::sleep_for(kApart);
    }
    return messageEvent("assistant", text, streamId_, files);
  }

 private:
  static constexpr std::size_t kMostPieces = 40;
  static constexpr std::chrono::milliseconds kApart{30};

  void tell(const std::string& text) { task_.tellPartial(messageEvent("assistant", text, streamId_, {}, true)); }

  RunningTask& task_;
  std::string streamId_ = mortise::makeUuid();
  std::size_t sent_ = 0;
};

}  // namespace agent
