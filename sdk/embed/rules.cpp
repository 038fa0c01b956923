#include "sdk/embed/rules.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <limits>
#include <regex>
#include <utility>

namespace mortise::embed {
namespace {

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isLower(char c) { return c >= 'a' && c <= 'z'; }

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

using Units = std::vector<std::pair<std::string_view, std::int64_t>>;

std::optional<std::int64_t> scaled(std::string_view text, const Units& units, std::int64_t plain) {
  std::int64_t number = 0;
  const auto [rest, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || number < 0) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<std::size_t>(rest - text.data()));
  std::int64_t factor = unit.empty() ? plain : 0;
  for (const auto& [name, value] : units) {
    if (unit == name) factor = value;
  }
  if (factor == 0 || number > std::numeric_limits<std::int64_t>::max() / factor) return std::nullopt;
  return number * factor;
}

}  // namespace

bool isWord(std::string_view text, std::size_t longest) {
  if (text.empty() || text.size() > longest || !isLower(text[0])) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return isLower(c) || isDigit(c) || c == '_'; });
}

bool isModuleName(std::string_view text) {
  return text.size() >= 2 && isWord(text, 31) && text != "kernel" && text != "mortise";
}

bool isCommandWord(std::string_view text) {
  if (text.empty() || text.size() > 40 || !isLower(text[0])) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return isLower(c) || isDigit(c) || c == '-'; });
}

bool isSemanticVersion(std::string_view text) {
  static const std::regex kPattern(
      R"((0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?)");
  return text.size() <= 100 && std::regex_match(text.begin(), text.end(), kPattern);
}

bool isInterfaceName(std::string_view text) {
  static const std::regex kPattern(R"([a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*/[1-9][0-9]{0,3})");
  return text.size() <= 64 && std::regex_match(text.begin(), text.end(), kPattern);
}

bool isUtf8Text(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const std::size_t size = byte == 0                     ? 0
                             : byte < 0x80                 ? 1
                             : byte >= 0xc2 && byte < 0xe0 ? 2
                             : byte >= 0xe0 && byte < 0xf0 ? 3
                             : byte >= 0xf0 && byte < 0xf5 ? 4
                                                           : 0;
    if (size == 0 || i + size > text.size()) return false;
    for (std::size_t k = 1; k < size; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return false;
    }
    i += size;
  }
  return true;
}

std::optional<std::int64_t> parseInteger(std::string_view text) {
  std::int64_t number = 0;
  const auto [rest, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || rest != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::int64_t> parseDuration(std::string_view text) {
  return scaled(text, {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}, 1000);
}

std::optional<std::int64_t> parseSize(std::string_view text) {
  return scaled(text,
                {{"B", 1},
                 {"KB", 1000},
                 {"MB", 1'000'000},
                 {"GB", 1'000'000'000},
                 {"KiB", 1 << 10},
                 {"MiB", 1 << 20},
                 {"GiB", 1 << 30}},
                1);
}

std::string nearest(std::string_view name, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t smallest = std::max<std::size_t>(1, std::max(name.size() / 3, std::size_t{2}));
  for (const auto& candidate : candidates) {
    const bool shortForm = name.size() >= 3 && (candidate.rfind(name, 0) == 0 || name.rfind(candidate, 0) == 0);
    const std::size_t found = shortForm ? 1 : distance(name, candidate);
    if (found <= smallest && found < std::max(name.size(), candidate.size()) && (best.empty() || found < smallest)) {
      best = candidate;
      smallest = found;
    }
  }
  return best;
}

std::string suggestion(std::string_view name, const std::vector<std::string>& candidates) {
  if (const auto near = nearest(name, candidates); !near.empty()) return "; did you mean " + near + "?";
  std::string known;
  for (const auto& candidate : candidates) known += (known.empty() ? "" : ", ") + candidate;
  return known.empty() ? "" : "; known: " + known;
}

}  // namespace mortise::embed
