// Random identifiers.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>

namespace mortise::inline sdk1 {

namespace detail {

// Fills in version and variant; lower case with hyphens.
inline std::string uuidText(unsigned char (&b)[16], unsigned version) {
  b[6] = static_cast<unsigned char>((b[6] & 0x0FU) | (version << 4U));
  b[8] = static_cast<unsigned char>((b[8] & 0x3FU) | 0x80U);
  char text[37];
  std::snprintf(text, sizeof text, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
                b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
  return text;
}

}  // namespace detail

// A random UUID (version 4), lower case with hyphens. Throws std::system_error when the system has no random bytes.
inline std::string makeUuid() {
  unsigned char b[16];
  if (getentropy(b, sizeof b) != 0) throw std::system_error(errno, std::generic_category(), "getentropy");
  return detail::uuidText(b, 4);
}

// A UUID that begins with the time in milliseconds (version 7): later ones sort behind earlier ones. Throws as above.
inline std::string makeUuid7() {
  unsigned char b[16];
  if (getentropy(b, sizeof b) != 0) throw std::system_error(errno, std::generic_category(), "getentropy");
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  auto millis = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  for (int i = 5; i >= 0; --i, millis >>= 8U) b[i] = static_cast<unsigned char>(millis & 0xFFU);
  return detail::uuidText(b, 7);
}

// `prefix` and twice as many random lowercase hex digits as `bytes` (1..64): "inv_0123456789abcdef". Throws as above.
inline std::string makePrefixedId(std::string_view prefix, std::size_t bytes = 8) {
  unsigned char random[64];
  if (bytes > sizeof random) bytes = sizeof random;
  if (getentropy(random, bytes) != 0) throw std::system_error(errno, std::generic_category(), "getentropy");
  constexpr char kHex[] = "0123456789abcdef";
  std::string id(prefix);
  for (std::size_t i = 0; i < bytes; ++i) {
    id += kHex[random[i] >> 4U];
    id += kHex[random[i] & 0x0FU];
  }
  return id;
}

}  // namespace mortise::inline sdk1
