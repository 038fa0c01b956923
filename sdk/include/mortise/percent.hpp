// Text in addresses.
#pragma once

#include <string>
#include <string_view>

namespace mortise::inline sdk1 {

// Everything but unreserved characters (RFC 3986: letters, digits, - . _ ~) as %XX: for one segment of a path, and for
// names and values of a query or a form. [any]
// Since: SDK 1.1.
inline std::string percentEncoded(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const bool isUnreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                              c == '.' || c == '_' || c == '~';
    if (isUnreserved) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    }
  }
  return out;
}

}  // namespace mortise::inline sdk1
