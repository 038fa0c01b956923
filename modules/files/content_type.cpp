#include "content_type.hpp"

#include <algorithm>
#include <cstddef>

namespace files {
namespace {

constexpr std::size_t kMaxContentType = 255;

std::string essence(std::string_view type) {
  type = type.substr(0, type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  std::string lower(type);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

// token of RFC 9110, section 5.6.2.
bool isToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool isTypeAndSubtype(std::string_view text) {
  const auto slash = text.find('/');
  return slash != std::string_view::npos && isToken(text.substr(0, slash)) && isToken(text.substr(slash + 1));
}

}  // namespace

bool isContentType(std::string_view text) {
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  return printable && text.size() <= kMaxContentType && isTypeAndSubtype(essence(text));
}

bool isTypePattern(std::string_view pattern) {
  const auto lower = essence(pattern);
  if (lower.size() != pattern.size() || !isTypeAndSubtype(lower)) return false;
  const auto star = lower.find('*');
  return star == std::string::npos || lower == "*/*" || (star == lower.size() - 1 && lower[star - 1] == '/');
}

bool isAllowed(std::string_view type, const std::vector<std::string>& patterns) {
  const auto mediaType = essence(type);
  return patterns.empty() || std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
           const auto lower = essence(pattern);
           if (lower == "*/*") return true;
           return lower.ends_with("/*") ? mediaType.starts_with(lower.substr(0, lower.size() - 1)) : mediaType == lower;
         });
}

}  // namespace files
