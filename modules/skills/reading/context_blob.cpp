#include "reading/context_blob.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "text/ascii.hpp"
#include "text/characters.hpp"

namespace skills {
namespace {

constexpr std::string_view kTruncated = "\n...[truncated]";
constexpr std::array<std::string_view, 5> kEndings = {".md", ".txt", ".yaml", ".yml", ".json"};
constexpr std::array<std::string_view, 3> kFolders = {"references/", "assets/", "scripts/"};
constexpr std::size_t kMaxTarget = 1024;
constexpr std::size_t kMaxReferenceCount = 200;  // as many as a bundle has files

int hexValue(char c) {
  if (ascii::isDigit(c)) return c - '0';
  c = ascii::lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::string percentDecoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hexValue(text[i + 1]) : -1;
    const int low = high >= 0 ? hexValue(text[i + 2]) : -1;
    if (low < 0) {
      out.push_back(text[i]);
    } else {
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  return out;
}

// A scheme ("https:", "mailto:"), a host ("//host"), the root of some site, a query or a fragment.
bool isMoreThanAPath(std::string_view target) {
  return target.empty() || target.front() == '/' || target.front() == '\\' ||
         target.find_first_of(":?#") != std::string_view::npos;
}

bool isOfKind(std::string_view path) {
  constexpr std::size_t kMaxEnding = 5;
  const auto lowered = ascii::lower(path.substr(path.size() - std::min(path.size(), kMaxEnding)));
  return std::any_of(kEndings.begin(), kEndings.end(),
                     [&](std::string_view ending) { return lowered.ends_with(ending); });
}

// The path below the bundle's root; nothing when it leaves it or is not of a kind that is read.
std::optional<std::string> pathOf(std::string_view target) {
  if (isMoreThanAPath(target) || target.size() > kMaxTarget) return std::nullopt;
  const auto decoded = percentDecoded(target);
  std::string path;
  for (std::size_t at = 0; at <= decoded.size();) {
    const auto end = std::min(decoded.find('/', at), decoded.size());
    const auto segment = std::string_view(decoded).substr(at, end - at);
    at = end + 1;
    if (segment.empty() || segment == ".") continue;
    if (segment == "..") {
      if (path.empty()) return std::nullopt;
      const auto slash = path.rfind('/');
      path.resize(slash == std::string::npos ? 0 : slash);
      continue;
    }
    if (!path.empty()) path.push_back('/');
    path.append(segment);
  }
  if (!isOfKind(path)) return std::nullopt;
  return path;
}

// What stands between the brackets of "](target "title")", without title and <>; `end` is behind it.
std::string_view linkTarget(std::string_view body, std::size_t from, std::size_t& end) {
  const auto window = body.substr(from, kMaxTarget);
  end = from + std::min(window.find_first_of(")\n"), window.size());
  auto target = body.substr(from, end - from);
  const auto start = target.find_first_not_of(" \t");
  if (start == std::string_view::npos) return {};
  target.remove_prefix(start);
  if (target.front() == '<')
    return target.substr(1, target.find('>') == std::string_view::npos ? 0 : target.find('>') - 1);
  return target.substr(0, target.find_first_of(" \t"));
}

bool isAsciiPathByte(char c) { return ascii::isAlphanumeric(c) || c == '_' || c == '-' || c == '.' || c == '/'; }
bool isPathByte(char c) { return isAsciiPathByte(c) || static_cast<unsigned char>(c) >= 0x80; }

// A bare "references/x.md" that begins at `at`; empty when none does.
std::string_view barePath(std::string_view body, std::size_t at) {
  if (at > 0 && isAsciiPathByte(body[at - 1])) {
    const bool here =
        at >= 2 && body[at - 1] == '/' && body[at - 2] == '.' && (at == 2 || !isAsciiPathByte(body[at - 3]));
    if (!here) return {};  // the tail of another path
  }
  const auto begins = [&](std::string_view folder) { return body.substr(at, folder.size()) == folder; };
  if (std::none_of(kFolders.begin(), kFolders.end(), begins)) return {};
  const auto window = body.substr(at, kMaxTarget);
  std::size_t end = 0;
  while (end < window.size() && isPathByte(window[end])) ++end;
  while (end > 0 && window[end - 1] == '.') --end;  // the end of a sentence
  // Scripts without blanks go on right behind the path.
  for (std::size_t size = end; size > 0; --size) {
    const bool mayEnd = size == end || !isAsciiPathByte(window[size]);
    if (mayEnd && isOfKind(window.substr(0, size))) return window.substr(0, size);
  }
  return window.substr(0, end);
}

std::string cut(std::string_view text, std::size_t most) {
  if (charactersIn(text) <= most) return std::string(text);
  std::string out(firstCharacters(text, most - kTruncated.size()));
  return out.append(kTruncated);
}

}  // namespace

std::vector<std::string> referencesIn(std::string_view body) {
  std::vector<std::string> out;
  const auto add = [&](std::string_view target) {
    auto path = pathOf(target);
    if (path && out.size() < kMaxReferenceCount && std::find(out.begin(), out.end(), *path) == out.end())
      out.push_back(*std::move(path));
  };
  for (std::size_t at = 0; at < body.size();) {
    if (body.substr(at, 2) == "](") {
      std::size_t end = 0;
      add(linkTarget(body, at + 2, end));
      at = end;
      continue;
    }
    const auto path = barePath(body, at);
    if (!path.empty()) add(path);
    at += std::max<std::size_t>(path.size(), 1);
  }
  return out;
}

ContextBlob contextBlob(std::string_view body, const Bundle& bundle) {
  ContextBlob out;
  out.text = cut(body, kMaxContextCharacters);
  auto length = charactersIn(out.text);
  for (const auto& path : referencesIn(body)) {
    const auto* file = bundle.find(path);
    if (file == nullptr || !file->isText || path == "SKILL.md") continue;
    const auto piece = "\n\n## " + path + "\n\n" + cut(file->bytes, kMaxReferenceCharacters);
    const auto size = charactersIn(piece);
    if (length + size > kMaxContextCharacters) break;
    out.text += piece;
    length += size;
    ++out.references;
  }
  return out;
}

}  // namespace skills
