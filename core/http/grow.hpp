// Texts whose memory is counted.
#pragma once

#include <cstddef>
#include <string>

namespace mortise::http {

// Room for `capacity` bytes and no more: std::string::reserve() takes at least twice what the text has. While the bytes
// are copied both texts exist.
inline void growTo(std::string& text, std::size_t capacity) {
  std::string grown;
  grown.reserve(capacity);
  grown.append(text);
  text.swap(grown);
}

}  // namespace mortise::http
