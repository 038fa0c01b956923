#include "core/http/chunked_decoder.hpp"

#include <algorithm>

#include "core/http/ascii.hpp"

namespace mortise::http {
namespace {

constexpr unsigned kMaxSizeDigits = 8;
constexpr std::size_t kMaxExtension = 256;
constexpr std::size_t kMaxTrailer = 4096;

bool isControl(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

}  // namespace

ChunkedDecoder::Step ChunkedDecoder::feed(std::string_view input) {
  Step step;
  while (step.consumed < input.size() && state_ != State::done && state_ != State::failed) {
    if (state_ == State::data) {
      const std::size_t run = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size() - step.consumed));
      step.data = input.substr(step.consumed, run);
      step.consumed += run;
      left_ -= run;
      if (left_ == 0) state_ = State::dataReturn;
      return step;
    }
    take(input[step.consumed++]);
  }
  return step;
}

void ChunkedDecoder::fail(const char* why) {
  failure_ = why;
  state_ = State::failed;
}

void ChunkedDecoder::take(char c) {
  switch (state_) {
    case State::size: {
      const int digit = hexValue(c);
      if (digit >= 0) {
        if (++digits_ > kMaxSizeDigits) return fail("chunk size has more than 8 digits");
        left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
        return;
      }
      if (digits_ == 0) return fail("chunk size is not hexadecimal");
      if (c == '\r') {
        state_ = State::sizeLineFeed;
      } else if (c == ';' || c == ' ' || c == '\t') {
        extension_ = 1;
        state_ = State::extension;
      } else {
        fail("chunk size is not hexadecimal");
      }
      return;
    }
    case State::extension:
      if (c == '\r') {
        state_ = State::sizeLineFeed;
      } else if (isControl(c)) {
        fail("chunk extension holds a control character");
      } else if (++extension_ > kMaxExtension) {
        fail("chunk extension is longer than 256 bytes");
      }
      return;
    case State::sizeLineFeed:
      if (c != '\n') return fail("chunk size line ends without line feed");
      digits_ = 0;
      state_ = left_ > 0 ? State::data : State::trailerStart;
      return;
    case State::dataReturn:
      if (c != '\r') return fail("chunk is longer than its size says");
      state_ = State::dataLineFeed;
      return;
    case State::dataLineFeed:
      if (c != '\n') return fail("chunk ends without line feed");
      state_ = State::size;
      return;
    case State::trailerStart:
      if (c == '\r') {
        state_ = State::lastLineFeed;
        return;
      }
      state_ = State::trailer;
      [[fallthrough]];
    case State::trailer:
      if (++trailer_ > kMaxTrailer) return fail("trailer is longer than 4096 bytes");
      if (c == '\r') {
        state_ = State::trailerLineFeed;
      } else if (isControl(c)) {
        fail("trailer holds a control character");
      }
      return;
    case State::trailerLineFeed:
      if (c != '\n') return fail("trailer line ends without line feed");
      state_ = State::trailerStart;
      return;
    case State::lastLineFeed:
      if (c != '\n') return fail("chunked body ends without line feed");
      state_ = State::done;
      return;
    case State::data:
    case State::done:
    case State::failed:
      return;
  }
}

}  // namespace mortise::http
