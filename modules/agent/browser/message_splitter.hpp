// The messages of a browser's pipe: each ends with a NUL. Bytes come from inside a box, so that none is trusted.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace agent::browser {

class MessageSplitter {
 public:
  // `most`: bytes of one message, without its NUL.
  explicit MessageSplitter(std::size_t most) : most_(most) {}

  // Calls `message` for each message that is whole now; the text is good for the call only. False: a message is longer
  // than `most`, and nothing that follows can be read.
  bool add(std::string_view bytes, const std::function<void(std::string_view)>& message);

 private:
  std::size_t most_;
  std::string begun_;
};

// `json` with U+FFFD in place of each half of a surrogate pair that stands alone: a page may have such text, browsers
// write it as it is, and readers of JSON refuse it.
std::string withWholeSurrogates(std::string_view json);

}  // namespace agent::browser
