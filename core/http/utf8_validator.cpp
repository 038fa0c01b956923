#include "core/http/utf8_validator.hpp"

namespace mortise::http {

bool Utf8Validator::feed(std::string_view bytes) {
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (need_ > 0) {
      if (byte < low_ || byte > high_) return false;
      low_ = 0x80;
      high_ = 0xBF;
      --need_;
      continue;
    }
    if (byte < 0x80) continue;
    if (byte < 0xC2 || byte > 0xF4) return false;
    // The second byte alone determines overlong forms, surrogates and the upper bound.
    low_ = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;
    high_ = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;
    need_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
  }
  return true;
}

}  // namespace mortise::http
