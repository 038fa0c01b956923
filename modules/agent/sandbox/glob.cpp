#include "glob.hpp"

#include <algorithm>

namespace agent::sandbox {
namespace {

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0; at <= path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    if (end > at) out.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// One character, of several bytes perhaps.
std::size_t characterAt(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && continues(text[end])) ++end;
  return end - at;
}

// [abc], [a-z], [!a]. The length of the set in `pattern`; 0 when it has no end and stands for itself.
std::size_t matchSet(std::string_view pattern, std::string_view character, bool& in) {
  std::size_t i = 1;
  const bool negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
  if (negated) ++i;
  const auto first = i;
  in = false;
  for (; i < pattern.size() && (pattern[i] != ']' || i == first);) {
    const auto low = pattern.substr(i, characterAt(pattern, i));
    i += low.size();
    auto high = low;
    if (i + 1 < pattern.size() && pattern[i] == '-' && pattern[i + 1] != ']') {
      high = pattern.substr(i + 1, characterAt(pattern, i + 1));
      i += 1 + high.size();
    }
    // UTF-8 sorts as its characters do, once lengths are equal.
    const auto less = [](std::string_view a, std::string_view b) {
      return a.size() != b.size() ? a.size() < b.size() : a < b;
    };
    in = in || (!less(character, low) && !less(high, character));
  }
  if (i >= pattern.size()) return 0;
  in = in != negated;
  return i + 1;
}

// With one place to come back to: the last star.
bool matchName(std::string_view pattern, std::string_view name) {
  if (name.starts_with('.') && !pattern.starts_with('.')) return false;
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;
  std::size_t from = 0;
  while (n < name.size()) {
    std::size_t used = 0;
    std::size_t taken = 0;
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      from = n;
      continue;
    }
    if (p < pattern.size()) {
      const auto character = name.substr(n, characterAt(name, n));
      bool in = false;
      if (pattern[p] == '?') {
        used = 1, taken = character.size();
      } else if (const auto set = pattern[p] == '[' ? matchSet(pattern.substr(p), character, in) : 0; set > 0) {
        if (in) used = set, taken = character.size();
      } else if (pattern[p] == name[n]) {
        used = taken = 1;
      }
    }
    if (used > 0) {
      p += used;
      n += taken;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      from += characterAt(name, from);
      n = from;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

Glob::Glob(std::string_view pattern) {
  if (pattern.size() > kMaxPattern) return;
  for (const auto part : split(pattern)) {
    if (part == ".") continue;
    if (part == "**" && !parts_.empty() && parts_.back() == "**") continue;
    parts_.emplace_back(part);
  }
  good_ = !parts_.empty() && parts_.size() <= kMaxParts;
  const bool any = std::find(parts_.begin(), parts_.end(), "**") != parts_.end();
  levels_ = any ? 0 : parts_.size();
}

bool Glob::matches(std::string_view path) const {
  const auto names = split(path);
  // reached[i]: the parts before i match the names so far.
  std::vector<char> reached(parts_.size() + 1, 0);
  reached[0] = 1;
  for (std::size_t i = 0; i < parts_.size() && parts_[i] == "**"; ++i) reached[i + 1] = 1;
  for (const auto name : names) {
    std::vector<char> next(parts_.size() + 1, 0);
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (reached[i] == 0) continue;
      if (parts_[i] == "**") {
        if (!name.starts_with('.')) next[i] = 1;
      } else if (matchName(parts_[i], name)) {
        next[i + 1] = 1;
      }
    }
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (next[i] != 0 && parts_[i] == "**") next[i + 1] = 1;
    }
    reached = std::move(next);
  }
  return reached.back() != 0;
}

}  // namespace agent::sandbox
