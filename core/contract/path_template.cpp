#include "core/contract/path_template.hpp"

#include <algorithm>
#include <stdexcept>

#include "core/base/text.hpp"

namespace mortise::contract {
namespace {

[[noreturn]] void fail(const std::string& sentence) { throw std::runtime_error(sentence); }

bool isName(std::string_view name) {
  if (name.empty()) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

PathTemplate::Segment segment(std::string_view raw, bool last) {
  using Kind = PathTemplate::Kind;
  if (raw.find_first_of("{}") == std::string_view::npos) {
    const auto decoded = text::percentDecode(raw);
    if (!decoded || decoded->find('/') != std::string::npos || *decoded == "." || *decoded == "..")
      fail("expected a plain path segment, found " + std::string(raw) + "; write it without dots and escapes");
    return {Kind::literal, *decoded, {}};
  }
  if (raw.front() != '{' || raw.back() != '}' || raw.find('{', 1) != std::string_view::npos ||
      raw.find('}') + 1 != raw.size()) {
    fail("expected a parameter to fill its segment, found " + std::string(raw) +
         "; write {name}, {name:prefix*} or {name...}");
  }
  auto inner = raw.substr(1, raw.size() - 2);
  if (inner.size() > 3 && inner.substr(inner.size() - 3) == "...") {
    inner.remove_suffix(3);
    if (!last)
      fail("expected {" + std::string(inner) +
           "...} at the end of the path, found it before the end; only the last segment takes the rest");
    if (!isName(inner))
      fail("expected a parameter name, found " + std::string(inner) + "; use letters, digits, _ and -");
    return {Kind::tail, {}, std::string(inner)};
  }
  const auto colon = inner.find(':');
  const auto name = inner.substr(0, colon);
  if (!isName(name)) fail("expected a parameter name, found " + std::string(name) + "; use letters, digits, _ and -");
  if (colon == std::string_view::npos) return {Kind::parameter, {}, std::string(name)};
  const auto prefix = inner.substr(colon + 1);
  if (prefix.size() < 2 || prefix.back() != '*' || prefix.find('*') + 1 != prefix.size())
    fail("expected {" + std::string(name) + ":prefix*}, found " + std::string(raw) + "; a prefix ends with one *");
  return {Kind::prefixed, std::string(prefix.substr(0, prefix.size() - 1)), std::string(name)};
}

}  // namespace

PathTemplate PathTemplate::parse(std::string_view path) {
  if (path.empty() || path.front() != '/')
    fail("expected a path that starts with /, found " + std::string(path) + "; write it absolute");
  if (path.find_first_of("?# ") != std::string_view::npos)
    fail("expected a path without ?, # and blanks, found " + std::string(path) +
         "; query parameters stand under parameters");
  PathTemplate out;
  const auto parts = text::split(path.substr(1), '/');
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].empty() && i + 1 < parts.size())
      fail("expected no empty segment, found // in " + std::string(path) + "; remove one slash");
    out.segments.push_back(parts[i].empty() ? Segment{} : segment(parts[i], i + 1 == parts.size()));
  }
  auto names = out.names();
  std::sort(names.begin(), names.end());
  if (const auto twice = std::adjacent_find(names.begin(), names.end()); twice != names.end())
    fail("expected each parameter once, found {" + *twice + "} twice; rename one");
  return out;
}

std::vector<std::string> PathTemplate::names() const {
  std::vector<std::string> out;
  for (const auto& segment : segments) {
    if (segment.kind != Kind::literal) out.push_back(segment.name);
  }
  return out;
}

}  // namespace mortise::contract
