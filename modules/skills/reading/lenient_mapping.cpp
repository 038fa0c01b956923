#include "reading/lenient_mapping.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <set>

#include "text/ascii.hpp"
#include "text/unicode.hpp"
#include "yaml/lines.hpp"
#include "yaml/reader.hpp"

namespace skills {
namespace {

constexpr std::string_view kDescription = "description";
constexpr std::array<std::string_view, 3> kPlainKeys = {"name", kDescription, "version"};
constexpr std::array<std::string_view, 5> kRules = {"tools", "policy", "security", "activation", "runtime_type"};

bool isBlank(char c) { return c == ' ' || c == '\t'; }

// "name" of "name: x"; nothing for any other line.
std::optional<std::string_view> plainKeyOf(std::string_view line) {
  for (const auto key : kPlainKeys) {
    if (!line.starts_with(key)) continue;
    auto rest = line.substr(key.size());
    while (!rest.empty() && isBlank(rest.front())) rest.remove_prefix(1);
    if (rest.starts_with(':') && (rest.size() == 1 || isBlank(rest[1]))) return key;
  }
  return std::nullopt;
}

// Characters that no JSON text may have would make the whole unreadable.
bool isText(std::string_view text) {
  while (!text.empty()) {
    const auto next = firstCodePoint(text);
    if (next.size == 0 || next.value == 0) return false;
    text.remove_prefix(next.size);
  }
  return true;
}

// The member that the lines of one key make: `"name":"x"`.
std::string memberOf(std::string_view key, const std::string& lines) {
  try {
    const auto object = readYamlMapping(lines, 1);
    return object.substr(1, object.size() - 2);
  } catch (const NotYaml&) {
  } catch (const mortise::Problem&) {  // an anchor, say: as plain text it does no harm
  }
  std::string value;
  std::string_view rest = std::string_view(lines).substr(lines.find(':') + 1);
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const auto line = ascii::trimmed(rest.substr(0, end));
    if (!line.empty()) value.append(value.empty() ? "" : " ").append(line);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::string member;
  mortise::json::appendQuoted(member, key);
  member += ':';
  mortise::json::appendQuoted(member, value);
  return member;
}

bool isQuote(char c) { return c == '"' || c == '\''; }

// A key may stand at the beginning of a line, and behind what opens a collection or goes on with it.
bool standsAsKey(std::string_view matter, std::size_t begin, std::size_t end) {
  auto before = begin;
  if (before > 0 && isQuote(matter[before - 1])) --before;
  const bool apart = before > 0 && isBlank(matter[before - 1]);
  while (before > 0 && isBlank(matter[before - 1])) --before;
  const char opener = before == 0 ? '\n' : matter[before - 1];
  const bool dash = apart && (opener == '-' || opener == '?');
  if (!dash && std::string_view("\n{,[").find(opener) == std::string_view::npos) return false;
  if (opener == '?') return true;
  if (end < matter.size() && isQuote(matter[end])) ++end;
  while (end < matter.size() && (isBlank(matter[end]) || matter[end] == '\n')) ++end;
  return end < matter.size() && matter[end] == ':';
}

}  // namespace

std::string lenientMapping(std::string_view matter) {
  std::string out = "{";
  std::set<std::string_view> read;
  for (std::size_t at = 0; at < matter.size();) {
    const auto endOf = [&](std::size_t begin) { return std::min(matter.find('\n', begin), matter.size()); };
    auto end = endOf(at);
    const auto key = plainKeyOf(matter.substr(at, end - at));
    const auto begin = at;
    at = end + 1;
    if (!key) continue;
    while (*key == kDescription && at < matter.size() && (isBlank(matter[at]) || matter[at] == '\n')) {
      end = endOf(at);
      at = end + 1;
    }
    const auto lines = matter.substr(begin, end - begin);
    if (!isText(lines) || !read.insert(*key).second) continue;
    out.append(out.size() > 1 ? "," : "").append(memberOf(*key, std::string(lines)));
  }
  return out + "}";
}

bool mentionsRules(std::string_view matter) {
  return std::any_of(kRules.begin(), kRules.end(), [&](std::string_view rule) {
    for (auto at = matter.find(rule); at != std::string_view::npos; at = matter.find(rule, at + 1)) {
      if (standsAsKey(matter, at, at + rule.size())) return true;
    }
    return false;
  });
}

}  // namespace skills
