#include "core/http/websocket_decoder.hpp"

#include <algorithm>
#include <cstring>

namespace mortise::http {
namespace {

constexpr std::uint8_t kContinuation = 0x0;
constexpr std::uint8_t kText = 0x1;
constexpr std::uint8_t kBinary = 0x2;
constexpr std::uint8_t kClose = 0x8;
constexpr std::uint8_t kPing = 0x9;
constexpr std::uint8_t kPong = 0xA;

bool isControl(std::uint8_t opcode) { return (opcode & 0x8) != 0; }

// XORs in place, eight bytes at a time once the mask is aligned to its own start.
void unmask(char* data, std::size_t size, const std::uint8_t (&mask)[4], unsigned& at) {
  std::size_t i = 0;
  for (; i < size && (at & 3U) != 0; ++i, ++at) data[i] = static_cast<char>(data[i] ^ mask[at & 3U]);
  std::uint64_t wide = 0;
  std::memcpy(&wide, mask, 4);
  std::memcpy(reinterpret_cast<char*>(&wide) + 4, mask, 4);
  for (; i + 8 <= size; i += 8) {
    std::uint64_t block = 0;
    std::memcpy(&block, data + i, 8);
    block ^= wide;
    std::memcpy(data + i, &block, 8);
  }
  for (; i < size; ++i, ++at) data[i] = static_cast<char>(data[i] ^ mask[at & 3U]);
  at &= 3U;
}

}  // namespace

bool isValidCloseCode(int code) {
  if (code >= 3000 && code <= 4999) return true;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

WebSocketDecoder::Step WebSocketDecoder::fail(std::size_t consumed, int code, const char* why) {
  stopped_ = true;
  return Step{consumed, Event::error, code, why};
}

bool WebSocketDecoder::header(int& code, const char*& why) {
  code = 1002;
  final_ = (head_[0] & 0x80) != 0;
  opcode_ = head_[0] & 0x0F;
  if ((head_[0] & 0x70) != 0) {
    why = "reserved bits are set";
    return false;
  }
  const bool known = opcode_ <= kBinary || (opcode_ >= kClose && opcode_ <= kPong);
  if (!known) {
    why = "unknown opcode";
    return false;
  }
  if ((head_[1] & 0x80) == 0) {
    why = "frame is not masked";
    return false;
  }
  const std::uint8_t shortLength = head_[1] & 0x7F;
  if (isControl(opcode_)) {
    if (!final_ || shortLength > 125) {
      why = final_ ? "control frame is longer than 125 bytes" : "control frame is fragmented";
      return false;
    }
  } else if (opcode_ == kContinuation && messageOpcode_ == 0) {
    why = "continuation without a message";
    return false;
  } else if (opcode_ != kContinuation && messageOpcode_ != 0) {
    why = "new message inside a fragmented one";
    return false;
  }
  return true;
}

WebSocketDecoder::Step WebSocketDecoder::feed(std::string_view input) {
  if (deliver_) {
    deliver_ = false;
    message_.clear();
    if (message_.capacity() > (64 << 10)) message_.shrink_to_fit();
  }
  std::size_t at = 0;
  while (!stopped_) {
    if (!inPayload_) {
      while (headHave_ < headNeed_ && at < input.size()) {
        head_[headHave_++] = static_cast<std::uint8_t>(input[at++]);
        if (headHave_ != 2) continue;
        int code = 0;
        const char* why = "";
        if (!header(code, why)) return fail(at, code, why);
        const std::uint8_t shortLength = head_[1] & 0x7F;
        headNeed_ = 2 + (shortLength == 126 ? 2U : shortLength == 127 ? 8U : 0U) + 4U;
      }
      if (headHave_ < headNeed_) return Step{at, Event::none, 0, {}};
      const std::size_t extended = headNeed_ - 6;
      left_ = head_[1] & 0x7F;
      if (extended > 0) {
        left_ = 0;
        for (std::size_t i = 0; i < extended; ++i) left_ = left_ << 8 | head_[2 + i];
        const bool minimal = extended == 2 ? left_ > 125 : left_ > 0xFFFF;
        if (!minimal || (left_ >> 63) != 0) return fail(at, 1002, "frame length is not written in its shortest form");
      }
      std::memcpy(mask_, head_ + headNeed_ - 4, 4);
      maskAt_ = 0;
      if (!isControl(opcode_)) {
        if (left_ > maxMessage_ || message_.size() > maxMessage_ - left_) return fail(at, 1009, "message is too big");
        if (opcode_ != kContinuation) {
          messageOpcode_ = opcode_;
          utf8_.reset();
        }
      } else {
        control_.clear();
      }
      inPayload_ = true;
    }
    const std::size_t run = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size() - at));
    if (run > 0) {
      std::string& into = isControl(opcode_) ? control_ : message_;
      const std::size_t before = into.size();
      into.append(input.data() + at, run);
      unmask(into.data() + before, run, mask_, maskAt_);
      at += run;
      left_ -= run;
      if (!isControl(opcode_) && messageOpcode_ == kText && !utf8_.feed(std::string_view(into).substr(before))) {
        return fail(at, 1007, "text is not UTF-8");
      }
    }
    if (left_ > 0) return Step{at, Event::none, 0, {}};
    inPayload_ = false;
    headHave_ = 0;
    headNeed_ = 2;
    const Step step = frameDone(at);
    if (step.event != Event::none) return step;
  }
  return Step{at, Event::none, 0, {}};
}

WebSocketDecoder::Step WebSocketDecoder::frameDone(std::size_t consumed) {
  switch (opcode_) {
    case kPing:
      return Step{consumed, Event::ping, 0, control_};
    case kPong:
      return Step{consumed, Event::pong, 0, control_};
    case kClose:
      return closeFrame(consumed);
    default:
      break;
  }
  if (!final_) return Step{consumed, Event::none, 0, {}};
  if (messageOpcode_ == kText && !utf8_.complete()) return fail(consumed, 1007, "text ends inside a character");
  const Event event = messageOpcode_ == kText ? Event::text : Event::binary;
  messageOpcode_ = 0;
  deliver_ = true;
  return Step{consumed, event, 0, message_};
}

WebSocketDecoder::Step WebSocketDecoder::closeFrame(std::size_t consumed) {
  if (control_.empty()) {
    stopped_ = true;
    return Step{consumed, Event::close, 1005, {}};
  }
  if (control_.size() == 1) return fail(consumed, 1002, "close frame with one byte");
  const int code = static_cast<std::uint8_t>(control_[0]) << 8 | static_cast<std::uint8_t>(control_[1]);
  if (!isValidCloseCode(code)) return fail(consumed, 1002, "close code is not allowed");
  const std::string_view reason = std::string_view(control_).substr(2);
  Utf8Validator check;
  if (!check.feed(reason) || !check.complete()) return fail(consumed, 1007, "close reason is not UTF-8");
  stopped_ = true;
  return Step{consumed, Event::close, code, reason};
}

}  // namespace mortise::http
