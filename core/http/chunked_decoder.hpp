// Decodes a chunked body. A state machine over single bytes (data is passed on in runs), so the boundaries between
// reads don't matter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mortise::http {

class ChunkedDecoder {
 public:
  struct Step {
    std::size_t consumed = 0;
    std::string_view data;  // into the input; may be empty
  };

  // Consumes input up to and including the next run of data. Call again with the rest until done(), failed() or the
  // input is empty.
  Step feed(std::string_view input);

  bool done() const { return state_ == State::done; }
  bool failed() const { return state_ == State::failed; }
  const char* failure() const { return failure_; }

 private:
  enum class State : std::uint8_t {
    size,
    extension,
    sizeLineFeed,
    data,
    dataReturn,
    dataLineFeed,
    trailerStart,
    trailer,
    trailerLineFeed,
    lastLineFeed,
    done,
    failed
  };
  void take(char c);
  void fail(const char* why);

  State state_ = State::size;
  std::uint64_t left_ = 0;
  unsigned digits_ = 0;
  std::size_t extension_ = 0;
  std::size_t trailer_ = 0;
  const char* failure_ = "";
};

}  // namespace mortise::http
