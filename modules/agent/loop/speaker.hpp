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
  explicit Speaker(RunningTask& task) : task_(task) {}

  // Returns a function for ModelDesk::Options::onText, of one call of the model. `textOf` finds the message in the
  // answer so far, and is called when the answer has grown by a piece, not for each token; and when it broke off.
  template <typename TextOf>
  auto listener(TextOf textOf) {
    return [this, textOf = std::move(textOf), seen = std::size_t{0}, read = std::size_t{0}](const std::string& answer,
                                                                                            bool isBroken) mutable {
      if (isBroken) return sendRest(textOf(answer));
      if (answer.size() < seen) seen = read = 0;  // asked again
      const auto came = mortise::characterCount(std::string_view(answer).substr(std::exchange(seen, answer.size())));
      if (answer.size() <= read + pieceOf(answer.size())) return;
      read = answer.size();
      grow(textOf(answer), came);
    };
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
      send(mortise::firstCharacters(text, end));
      std::this_thread::sleep_for(kApart);
    }
    return messageEvent("assistant", text, streamId_, files);
  }

 private:
  static constexpr std::size_t kLeast = 24;
  static constexpr std::size_t kMaxPieces = 40;
  static constexpr std::chrono::milliseconds kApart{30};

  // Of a text of this size, at least: each piece has all before it, so those of long texts are longer.
  static constexpr std::size_t pieceOf(std::size_t size) { return std::max(kLeast, size / kMaxPieces); }

  // The text so far. `came`: characters of the token that the answer has just grown by. What grew by a piece or less
  // waits: it may be the end, which finish() sends.
  void grow(const std::string& text, std::size_t came) {
    const auto size = mortise::characterCount(text);
    const bool isFirst = sent_ == 0;
    const auto piece = pieceOf(isFirst ? 0 : size);
    if (size <= sent_ + piece) return;
    // A token is sent whole, at once. Of more than that, from a model that does not stream, the message begins with
    // the least, and finish() cuts the rest.
    const bool isCut = isFirst && came > kLeast;
    sent_ = isCut ? piece : size;
    send(isCut ? mortise::firstCharacters(text, piece) : text);
  }
  // The text of an answer that broke off, at once: finish() gets another one, or is not called.
  void sendRest(const std::string& text) {
    const auto size = mortise::characterCount(text);
    if (size <= sent_) return;
    sent_ = size;
    send(text);
  }
  void send(const std::string& text) { task_.notifyPartial(messageEvent("assistant", text, streamId_, {}, true)); }

  RunningTask& task_;
  std::string streamId_ = mortise::makeUuid();
  std::size_t sent_ = 0;
};

}  // namespace agent
