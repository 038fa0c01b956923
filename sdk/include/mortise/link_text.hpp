// Names that people give themselves and that go into mails to strangers: a mail must not carry another person's links.
// Texts are valid UTF-8.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "mortise/characters.hpp"

namespace mortise::inline sdk1 {

namespace detail {

inline constexpr std::size_t kMaxNameInMail = 100;

// What is compared as something else, beside the full-width forms of ASCII: what IDNA takes for a dot or a colon.
inline constexpr std::array<std::pair<std::string_view, char>, 5> kLinkCharacters = {
    {{"\u3002", '.'}, {"\uFF61", '.'}, {"\u2024", '.'}, {"\uFE52", '.'}, {"\uFE55", ':'}}};

inline bool isLinkDigit(char c) { return c >= '0' && c <= '9'; }
// Every character beyond ASCII counts as one: domains have letters of all scripts.
inline bool isLinkLetter(char c) { return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80; }
inline bool isLinkLabel(char c) { return isLinkLetter(c) || isLinkDigit(c) || c == '-'; }

// U+FF01 to U+FF5E are ASCII in full width. Returns the ASCII character, or 0.
inline char narrowOf(std::string_view text) {
  if (text.size() < 3 || text[0] != '\xEF') return 0;
  const int second = static_cast<unsigned char>(text[1]), third = static_cast<unsigned char>(text[2]);
  if ((second & 0xC0) != 0x80 || (third & 0xC0) != 0x80) return 0;
  const int point = 0xF000 | ((second & 0x3F) << 6) | (third & 0x3F);
  return point >= 0xFF01 && point <= 0xFF5E ? static_cast<char>(point - 0xFF01 + '!') : '\0';
}

// The bytes of an invisible character at the beginning of `text`; 0: there is none.
inline std::size_t sizeOfInvisible(std::string_view text) {
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
inline std::string comparedForm(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t taken = sizeOfInvisible(text);
    if (taken == 0) {
      taken = 1;
      char c = text[0];
      const auto mapped = std::find_if(kLinkCharacters.begin(), kLinkCharacters.end(), [&](const auto& entry) {
        return text.substr(0, entry.first.size()) == entry.first;
      });
      if (mapped != kLinkCharacters.end()) {
        c = mapped->second;
        taken = mapped->first.size();
      } else if (const char narrow = narrowOf(text)) {
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
inline std::string_view labelAfter(std::string_view text) {
  return text.substr(0,
                     static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), isLinkLabel) - text.begin()));
}
inline std::string_view labelBefore(std::string_view text) {
  const auto start = std::find_if_not(text.rbegin(), text.rend(), isLinkLabel);
  return text.substr(static_cast<std::size_t>(text.rend() - start));
}

inline bool isNumberLabel(std::string_view label) {
  return !label.empty() && std::all_of(label.begin(), label.end(), isLinkDigit);
}

// "a.bc": a last label has two letters at least and begins with one.
inline bool isDomainDot(std::string_view before, std::string_view after) {
  if (before.empty() || after.empty()) return false;
  return before == "www" || (isLinkLetter(after[0]) && firstCharacters(after, 1) != after);
}

// "192.0.2.1", seen from its first dot.
inline bool isAddressDot(std::string_view text, std::size_t dot) {
  if (!isNumberLabel(labelBefore(text.substr(0, dot)))) return false;
  int numbers = 1;
  while (numbers < 4 && dot < text.size() && text[dot] == '.') {
    const auto label = labelAfter(text.substr(dot + 1));
    if (!isNumberLabel(label)) return false;
    ++numbers;
    dot += 1 + label.size();
  }
  return numbers == 4;
}

// "tel:1": letters and what else a scheme may hold, a colon, and something right behind it.
inline bool isSchemeColon(std::string_view before, std::string_view after) {
  if (after.empty() || after[0] == ' ') return false;
  const auto start = std::find_if_not(before.rbegin(), before.rend(), [](char c) {
    return (c >= 'a' && c <= 'z') || isLinkDigit(c) || c == '+' || c == '.' || c == '-';
  });
  const auto scheme = before.substr(static_cast<std::size_t>(before.rend() - start));
  return scheme.size() >= 2 && isLinkLetter(scheme[0]);
}

}  // namespace detail

// Would a mail client, or a reader, take a part of `text` for a link: a scheme ("https:", "tel:"), "//", "www.", a
// domain ("example.com", also with the dots and letters that IDNA maps to ASCII, like "ｅｘａｍｐｌｅ．ｃｏｍ"), or an IPv4
// address?
// Strict: "Node.js" and "Team:One" do, "St. John", "J.R.R. Tolkien", "Team: One" and "Web 2.0" do not. [any]
inline bool readsAsLink(std::string_view text) {
  const std::string name = detail::comparedForm(text);
  const std::string_view all = name;
  if (all.find("//") != std::string_view::npos || all.find("\\\\") != std::string_view::npos) return true;
  for (std::size_t at = 0; at < all.size(); ++at) {
    const auto before = all.substr(0, at), after = all.substr(at + 1);
    if (all[at] == ':' && detail::isSchemeColon(before, after)) return true;
    if (all[at] == '.' &&
        (detail::isDomainDot(detail::labelBefore(before), detail::labelAfter(after)) || detail::isAddressDot(all, at)))
      return true;
  }
  return false;
}

// What a mail shows of a name: the name, cut to a length that leaves the mail its own words (100 characters);
// `fallback` when the name reads as a link, has control characters or is empty. [any]
inline std::string nameForMail(std::string_view name, std::string_view fallback) {
  auto shown = firstCharacters(name, detail::kMaxNameInMail);
  return shown.empty() || !isOneLine(shown) || readsAsLink(shown) ? std::string(fallback) : std::move(shown);
}

// What a mail shows of the address of another person; empty when mail clients might take it for a web address
// ("www.example.org/x@example.com"). [any]
inline std::string addressForMail(std::string_view address) {
  const auto local = detail::comparedForm(address.substr(0, address.rfind('@')));
  const bool misleads = local.find('/') != std::string::npos || local.starts_with("www.");
  return misleads ? std::string() : std::string(address);
}

}  // namespace mortise::inline sdk1
