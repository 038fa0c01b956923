#include "core/base/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace mortise::text {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";
constexpr char kUpperHexDigits[] = "0123456789ABCDEF";
constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kBase64Url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int hexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char lowerOne(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string encode64(std::string_view bytes, const char* alphabet, bool padded) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  std::size_t i = 0;
  const auto at = [&](std::size_t index) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[index]));
  };
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t group = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    out += alphabet[group >> 18];
    out += alphabet[group >> 12 & 63];
    out += alphabet[group >> 6 & 63];
    out += alphabet[group & 63];
  }
  const std::size_t left = bytes.size() - i;
  if (left == 0) return out;
  const std::uint32_t group = at(i) << 16 | (left == 2 ? at(i + 1) << 8 : 0);
  out += alphabet[group >> 18];
  out += alphabet[group >> 12 & 63];
  if (left == 2) out += alphabet[group >> 6 & 63];
  if (padded) out.append(left == 2 ? 1 : 2, '=');
  return out;
}

std::array<std::int8_t, 256> reversed(const char* alphabet) {
  std::array<std::int8_t, 256> table;
  table.fill(-1);
  for (int i = 0; i < 64; ++i) table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  return table;
}

// Decodes `text` without padding. Unused bits of the last character must be zero, so that each value has one spelling.
std::optional<std::string> decode64(std::string_view text, const std::array<std::int8_t, 256>& table) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t group = 0;
  int bits = 0;
  for (const char c : text) {
    const auto value = static_cast<int>(table[static_cast<unsigned char>(c)]);
    if (value < 0) return std::nullopt;
    group = group << 6 | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += static_cast<char>(group >> bits & 0xff);
    }
  }
  if ((group & ((1u << bits) - 1)) != 0) return std::nullopt;
  return out;
}

// Edit distance in which swapping two neighbours counts as one edit.
std::size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) now[j] = std::min(now[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(now);
  }
  return last[b.size()];
}

// A byte of a UTF-8 character that is not its first.
bool continues(unsigned char c) { return (c & 0xc0) == 0x80; }

}  // namespace

bool isUtf8(std::string_view bytes) {
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  const auto* end = at + bytes.size();
  while (at < end) {
    const unsigned char c = *at;
    if (c < 0x80) {
      ++at;
      continue;
    }
    const std::size_t left = static_cast<std::size_t>(end - at);
    if (c >= 0xc2 && c <= 0xdf) {
      if (left < 2 || !continues(at[1])) return false;
      at += 2;
    } else if (c >= 0xe0 && c <= 0xef) {
      if (left < 3 || !continues(at[1]) || !continues(at[2])) return false;
      if (c == 0xe0 && at[1] < 0xa0) return false;  // overlong
      if (c == 0xed && at[1] > 0x9f) return false;  // surrogate
      at += 3;
    } else if (c >= 0xf0 && c <= 0xf4) {
      if (left < 4 || !continues(at[1]) || !continues(at[2]) || !continues(at[3])) return false;
      if (c == 0xf0 && at[1] < 0x90) return false;  // overlong
      if (c == 0xf4 && at[1] > 0x8f) return false;  // above U+10FFFF
      at += 4;
    } else {
      return false;
    }
  }
  return true;
}

std::size_t length(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return !continues(static_cast<unsigned char>(c)); }));
}

std::string_view head(std::string_view utf8, std::size_t bytes) {
  if (utf8.size() <= bytes) return utf8;
  constexpr std::size_t kMaxContinuing = 3;
  for (std::size_t back = 0; back <= std::min(kMaxContinuing, bytes); ++back) {
    if (!continues(static_cast<unsigned char>(utf8[bytes - back]))) return utf8.substr(0, bytes - back);
  }
  return utf8.substr(0, bytes);
}

std::string storable(std::string_view text) {
  std::string result(text);
  const bool utf8 = isUtf8(text);
  for (char& c : result) {
    if (c == '\0' || (!utf8 && static_cast<unsigned char>(c) >= 0x80)) c = '?';
  }
  return result;
}

std::optional<std::string> percentDecode(std::string_view raw, bool plusIsSpace) {
  std::string out;
  out.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    char c = raw[i];
    if (c == '%') {
      if (raw.size() - i < 3) return std::nullopt;
      const int high = hexValue(raw[i + 1]);
      const int low = hexValue(raw[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high << 4 | low);
      i += 2;
    } else if (c == '+' && plusIsSpace) {
      c = ' ';
    }
    if (c == '\0') return std::nullopt;
    out += c;
  }
  if (!isUtf8(out)) return std::nullopt;
  return out;
}

std::string percentEncode(std::string_view raw) {
  std::string out;
  out.reserve(raw.size());
  for (const char c : raw) {
    const bool unreserved = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                            c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out += c;
      continue;
    }
    out += '%';
    out += kUpperHexDigits[static_cast<unsigned char>(c) >> 4];
    out += kUpperHexDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::string lower(std::string_view ascii) {
  std::string out(ascii);
  for (char& c : out) c = lowerOne(c);
  return out;
}

bool equalsIgnoreCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lowerOne(x) == lowerOne(y); });
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n\f\v";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string nearest(std::string_view name, const std::vector<std::string>& candidates) {
  constexpr std::size_t kMaxNameLength = 128;  // longer names are no typing mistakes; this bounds the work
  if (name.empty() || name.size() > kMaxNameLength) return {};
  const std::string* best = nullptr;
  std::size_t bestDistance = std::max<std::size_t>(name.size() / 3, 1) + 1;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > kMaxNameLength) continue;
    const std::size_t distance = editDistance(name, candidate);
    if (distance < bestDistance && distance < name.size()) {
      best = &candidate;
      bestDistance = distance;
    }
  }
  return best ? *best : std::string{};
}

std::string hex(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    out += kHexDigits[static_cast<unsigned char>(c) >> 4];
    out += kHexDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::string base64(std::string_view bytes) { return encode64(bytes, kBase64, true); }

std::string base64Url(std::string_view bytes) { return encode64(bytes, kBase64Url, false); }

std::optional<std::string> fromBase64Url(std::string_view text) {
  static const auto kTable = reversed(kBase64Url);
  return decode64(text, kTable);
}

std::optional<std::string> fromBase64(std::string_view text) {
  static const auto kTable = reversed(kBase64);
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.ends_with("==")) {
    text.remove_suffix(2);
  } else if (text.ends_with('=')) {
    text.remove_suffix(1);
  }
  return decode64(text, kTable);
}

}  // namespace mortise::text
