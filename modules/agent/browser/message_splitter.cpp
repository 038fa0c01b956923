#include "browser/message_splitter.hpp"

#include <charconv>

namespace agent::browser {
namespace {

constexpr std::size_t kEscape = 6;  // \uXXXX

// The code unit of an escape at `at`; -1 when none is there.
int unitAt(std::string_view text, std::size_t at) {
  if (at + kEscape > text.size() || text[at] != '\\' || text[at + 1] != 'u') return -1;
  int unit = 0;
  const auto* end = text.data() + at + kEscape;
  const auto [stop, error] = std::from_chars(text.data() + at + 2, end, unit, 16);
  return error == std::errc() && stop == end ? unit : -1;
}

bool isHigh(int unit) { return unit >= 0xd800 && unit < 0xdc00; }
bool isLow(int unit) { return unit >= 0xdc00 && unit < 0xe000; }

}  // namespace

bool MessageSplitter::add(std::string_view bytes, const std::function<void(std::string_view)>& message) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\0');
    const auto part = bytes.substr(0, end);
    if (begun_.size() + part.size() > most_) return false;
    if (end == std::string_view::npos) {
      begun_.append(part);
      return true;
    }
    if (begun_.empty()) {
      message(part);
    } else {
      begun_.append(part);
      message(begun_);
      begun_ = {};  // a large one does not keep its room
    }
    bytes.remove_prefix(end + 1);
  }
  return true;
}

std::string withWholeSurrogates(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (std::size_t at = 0; at < json.size();) {
    if (json[at] != '\\') {
      out += json[at++];
      continue;
    }
    const int unit = unitAt(json, at);
    if (isHigh(unit) && isLow(unitAt(json, at + kEscape))) {
      out.append(json.substr(at, 2 * kEscape));
      at += 2 * kEscape;
    } else if (isHigh(unit) || isLow(unit)) {
      out += "\\ufffd";
      at += kEscape;
    } else {
      out.append(json.substr(at, 2));  // an escape of one character: the next one may be a backslash
      at += 2;
    }
  }
  return out;
}

}  // namespace agent::browser
