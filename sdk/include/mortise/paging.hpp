// Pages as the unified family asks for them: nothing is refused.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace mortise::inline sdk1 {

// Without the white space around it.
inline std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view kBlank = " \t\r\n\f\v";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// A whole number with an optional sign and white space around it; empty for anything else and beyond 64 bits.
inline std::optional<std::int64_t> wholeNumber(std::string_view text) noexcept {
  text = trimmed(text);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Which part of a list is wanted, counted from 1.
struct Page {
  std::int64_t page = 1;
  std::int64_t limit = 20;  // 1..100

  // As sent, empty when absent: what is no number counts as absent, what is out of range as the nearest that is not.
  static Page read(std::string_view page, std::string_view limit) noexcept {
    constexpr std::int64_t kMostPerPage = 100;
    Page out;
    out.page = std::max<std::int64_t>(1, wholeNumber(page).value_or(out.page));
    out.limit = std::clamp<std::int64_t>(wholeNumber(limit).value_or(out.limit), 1, kMostPerPage);
    return out;
  }
  // ceil(total / limit)
  std::int64_t pagesOf(std::int64_t total) const noexcept { return total / limit + (total % limit == 0 ? 0 : 1); }
  // How many come before this page; empty when it lies beyond the last one.
  std::optional<std::int64_t> skipOf(std::int64_t total) const noexcept {
    if (page > pagesOf(total)) return std::nullopt;
    return (page - 1) * limit;
  }
};

}  // namespace mortise::inline sdk1
