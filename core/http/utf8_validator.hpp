// Validates UTF-8 that arrives in pieces: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstdint>
#include <string_view>

namespace mortise::http {

class Utf8Validator {
 public:
  bool feed(std::string_view bytes);            // false as soon as the text can't become valid
  bool complete() const { return need_ == 0; }  // no character is cut
  void reset() { need_ = 0; }

 private:
  unsigned need_ = 0;  // continuation bytes still missing
  std::uint8_t low_ = 0x80;
  std::uint8_t high_ = 0xBF;
};

}  // namespace mortise::http
