#include "text/unicode.hpp"

#include <cstdio>

namespace skills {
namespace {

constexpr std::size_t kMaxShown = 160;

std::uint32_t byteAt(std::string_view text, std::size_t at) noexcept { return static_cast<unsigned char>(text[at]); }

}  // namespace

bool isUtf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto next = firstCodePoint(text);
    if (next.size == 0) return false;
    text.remove_prefix(next.size);
  }
  return true;
}

void appendUtf8(std::string& out, std::uint32_t codePoint) {
  const auto trail = [codePoint](unsigned shift) { return static_cast<char>(0x80U | (codePoint >> shift & 0x3FU)); };
  if (codePoint < 0x80) {
    out += static_cast<char>(codePoint);
  } else if (codePoint < 0x800) {
    out += static_cast<char>(0xC0U | codePoint >> 6U);
    out += trail(0);
  } else if (codePoint < 0x10000) {
    out += static_cast<char>(0xE0U | codePoint >> 12U);
    out += trail(6);
    out += trail(0);
  } else {
    out += static_cast<char>(0xF0U | codePoint >> 18U);
    out += trail(12);
    out += trail(6);
    out += trail(0);
  }
}

bool isControl(std::uint32_t codePoint) noexcept {
  return codePoint < 0x20 || (codePoint >= 0x7F && codePoint <= 0x9F);
}

bool isDirectionMark(std::uint32_t codePoint) noexcept {
  return codePoint == 0x061C || codePoint == 0x200E || codePoint == 0x200F ||
         (codePoint >= 0x202A && codePoint <= 0x202E) || (codePoint >= 0x2066 && codePoint <= 0x2069);
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (out.size() >= kMaxShown) return out + "...";
    const auto next = firstCodePoint(text);
    char escaped[16];
    if (next.size == 0) {
      std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned>(byteAt(text, 0)));
      out += escaped;
      text.remove_prefix(1);
      continue;
    }
    if (isControl(next.value) || isDirectionMark(next.value)) {
      std::snprintf(escaped, sizeof escaped, "\\u{%x}", static_cast<unsigned>(next.value));
      out += escaped;
    } else {
      out.append(text.substr(0, next.size));
    }
    text.remove_prefix(next.size);
  }
  return out;
}

}  // namespace skills
