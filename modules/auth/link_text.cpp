#include "link_text.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "names.hpp"

namespace auth {
namespace {

constexpr std::size_t kMostCharacters = 100;  // as the contract allows new names of organisations

// What is compared as something else, beside the full-width forms of ASCII: what IDNA takes for a dot or a colon.
constexpr std::array<std::pair<std::string_view, char>, 5> kMapped = {
    {{"\u3002", '.'}, {"\uFF61", '.'}, {"\u2024", '.'}, {"\uFE52", '.'}, {"\uFE55", ':'}}};

bool isDigit(char c) { return c >= '0' && c <= '9'; }
// Every character beyond ASCII counts as one: domains have letters of all scripts.
bool isLetter(char c) { return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80; }
bool isLabel(char c) { return isLetter(c) || isDigit(c) || c == '-'; }

// U+FF01 to U+FF5E are ASCII in full width. Returns the ASCII character, or 0.
char fullWidth(std::string_view text) {
  if (text.size() < 3 || text[0] != '\xEF') return 0;
  const int second = static_cast<unsigned char>(text[1]), third = static_cast<unsigned char>(text[2]);
  if ((second & 0xC0) != 0x80 || (third & 0xC0) != 0x80) return 0;
  const int point = 0xF000 | ((second & 0x3F) << 6) | (third & 0x3F);
  return point >= 0xFF01 && point <= 0xFF5E ? static_cast<char>(point - 0xFF01 + '!') : '\0';
}

// The bytes of an invisible character at the beginning of `text`; 0: there is none.
std::size_t invisible(std::string_view text) {
  const auto within = [&](std::string_view start, unsigned char least, unsigned char most) {
    if (text.size() <= start.size() || text.substr(0, start.size()) != start) return false;
    const auto last = static_cast<unsigned char>(text[start.size()]);
    return last >= least && last <= most;
  };
  if (within("\xC2", 0xAD, 0xAD)) return 2;  // soft hyphen
  // Zero width and direction marks; word joiners and isolates; variation selectors; the byte order mark.
  const bool three = within("\xE2\x80", 0x8B, 0x8F) || within("\xE2\x80", 0xAA, 0xAE) ||
                     within("\xE2\x81", 0xA0, 0xAF) || within("\xEF\xB8", 0x80, 0x8F) || within("\xEF\xBB", 0xBF, 0xBF);
  return three ? 3 : 0;
}

// In small ASCII letters where there is such a form, without what can't be seen.
std::string plain(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t taken = invisible(text);
    if (taken == 0) {
      taken = 1;
      char c = text[0];
      const auto mapped = std::find_if(kMapped.begin(), kMapped.end(), [&](const auto& entry) {
        return text.substr(0, entry.first.size()) == entry.first;
      });
      if (mapped != kMapped.end()) {
        c = mapped->second;
        taken = mapped->first.size();
      } else if (const char narrow = fullWidth(text)) {
        c = narrow;
        taken = 3;
      }
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    }
    text.remove_prefix(taken);
  }
  return out;
}

// The letters, digits and hyphens at the beginning or the end of a text.
std::string_view labelAfter(std::string_view text) {
  return text.substr(0, static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), isLabel) - text.begin()));
}
std::string_view labelBefore(std::string_view text) {
  const auto start = std::find_if_not(text.rbegin(), text.rend(), isLabel);
  return text.substr(static_cast<std::size_t>(text.rend() - start));
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

bool isNumber(std::string_view label) { return !label.empty() && std::all_of(label.begin(), label.end(), isDigit); }

// "a.bc": a last label has two letters at least and begins with one.
bool isDomainDot(std::string_view before, std::string_view after) {
  if (before.empty() || after.empty()) return false;
  return before == "www" || (isLetter(after[0]) && characters(after) >= 2);
}

// "192.0.2.1", seen from its first dot.
bool isAddressDot(std::string_view text, std::size_t dot) {
  if (!isNumber(labelBefore(text.substr(0, dot)))) return false;
  int numbers = 1;
  while (numbers < 4 && dot < text.size() && text[dot] == '.') {
    const auto label = labelAfter(text.substr(dot + 1));
    if (!isNumber(label)) return false;
    ++numbers;
    dot += 1 + label.size();
  }
  return numbers == 4;
}

// "tel:1": letters and what else a scheme may hold, a colon, and something right behind it.
bool isSchemeColon(std::string_view before, std::string_view after) {
  if (after.empty() || after[0] == ' ') return false;
  const auto start = std::find_if_not(before.rbegin(), before.rend(), [](char c) {
    return (c >= 'a' && c <= 'z') || isDigit(c) || c == '+' || c == '.' || c == '-';
  });
  const auto scheme = before.substr(static_cast<std::size_t>(before.rend() - start));
  return scheme.size() >= 2 && isLetter(scheme[0]);
}

}  // namespace

bool readsAsLink(std::string_view text) {
  const std::string name = plain(text);
  const std::string_view all = name;
  if (all.find("//") != std::string_view::npos || all.find("\\\\") != std::string_view::npos) return true;
  for (std::size_t at = 0; at < all.size(); ++at) {
    const auto before = all.substr(0, at), after = all.substr(at + 1);
    if (all[at] == ':' && isSchemeColon(before, after)) return true;
    if (all[at] == '.' && (isDomainDot(labelBefore(before), labelAfter(after)) || isAddressDot(all, at))) return true;
  }
  return false;
}

std::string nameForMail(std::string_view name, std::string_view otherwise) {
  auto shown = firstCharacters(name, kMostCharacters);
  return shown.empty() || !isOneLine(shown) || readsAsLink(shown) ? std::string(otherwise) : std::move(shown);
}

std::string addressForMail(std::string_view address) {
  const auto local = plain(address.substr(0, address.rfind('@')));
  const bool misleads = local.find('/') != std::string::npos || local.starts_with("www.");
  return misleads ? std::string() : std::string(address);
}

}  // namespace auth
