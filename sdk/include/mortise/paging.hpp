// Pages of lists: how the API families ask for them, and how their replies name what they hold. slice.hpp reads a page
// from the database.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "mortise/abi/base.h"

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

// A page of the unified family, counted from 1: nothing is refused.
struct Page {
  std::int64_t page = 1;
  std::int64_t limit = 20;  // 1..100

  // As sent, empty when absent: what is no number counts as absent, what is out of range as the nearest that is not.
  static Page read(std::string_view page, std::string_view limit) noexcept {
    constexpr std::int64_t kMaxPerPage = 100;
    Page out;
    out.page = std::max<std::int64_t>(1, wholeNumber(page).value_or(out.page));
    out.limit = std::clamp<std::int64_t>(wholeNumber(limit).value_or(out.limit), 1, kMaxPerPage);
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

// How a family asks for a part of a list, and names the members of its reply. Names are those of query parameters that
// the contract declares, and of members of the body; a null one is not read, or not written. Start from one of the
// functions below and change what differs:
//   constexpr auto kHistory = [] { auto form = mortise::cursorPages("revisions"); form.count = "count"; return form; }();
struct PagingForm {
  const char* pageParameter = nullptr;
  const char* sizeParameter = nullptr;
  const char* skipParameter = nullptr;
  const char* cursorParameter = nullptr;

  const char* items = nullptr;  // null: the body is the bare list
  const char* total = nullptr;  // the list's length; costs a count
  const char* page = nullptr;
  const char* pages = nullptr;  // needs the total too
  const char* size = nullptr;
  const char* skip = nullptr;
  const char* count = nullptr;       // of this reply
  const char* hasMore = nullptr;     // whether something follows
  const char* nextCursor = nullptr;  // null in the body when nothing follows
  const char* cursorHeader = nullptr;

  std::int64_t defaultSize = 20;  // where neither client nor contract says a size
  std::int64_t maxSize = 100;     // more is cut to it: give the contract's maximum

  constexpr bool needsTotal() const { return total != nullptr || pages != nullptr; }
};

// ?page=1&limit=20 -> {items, total, page, pages}. The unified family: what is no number counts as absent, what is out
// of range as the nearest that is not.
constexpr PagingForm numberedPages(const char* items = "items") {
  PagingForm form;
  form.pageParameter = "page";
  form.sizeParameter = "limit";
  form.items = items;
  form.total = "total";
  form.page = "page";
  form.pages = "pages";
  return form;
}
// ?page=1&page_size=20 -> {sessions, total, page, page_size, has_more}
constexpr PagingForm sizedPages(const char* items, std::int64_t maxSize = 100) {
  PagingForm form;
  form.pageParameter = "page";
  form.sizeParameter = form.size = "page_size";
  form.items = items;
  form.total = "total";
  form.page = "page";
  form.hasMore = "has_more";
  form.maxSize = maxSize;
  return form;
}
// ?skip=0&limit=100 -> {users, total, skip, limit}
constexpr PagingForm skippedPages(const char* items, std::int64_t maxSize = 1000) {
  PagingForm form;
  form.skipParameter = form.skip = "skip";
  form.sizeParameter = form.size = "limit";
  form.items = items;
  form.total = "total";
  form.defaultSize = 100;
  form.maxSize = maxSize;
  return form;
}
// ?cursor=…&limit=50 -> {items, next_cursor, has_more}
constexpr PagingForm cursorPages(const char* items = "items", std::int64_t maxSize = 200) {
  PagingForm form;
  form.cursorParameter = "cursor";
  form.sizeParameter = "limit";
  form.items = items;
  form.hasMore = "has_more";
  form.nextCursor = "next_cursor";
  form.defaultSize = 50;
  form.maxSize = maxSize;
  return form;
}
// ?page=1&limit=50 or ?cursor=… -> [..], and the header X-Next-Cursor while something may follow
constexpr PagingForm barePages(std::int64_t maxSize = 200) {
  PagingForm form;
  form.pageParameter = "page";
  form.cursorParameter = "cursor";
  form.sizeParameter = "limit";
  form.cursorHeader = "X-Next-Cursor";
  form.defaultSize = 50;
  form.maxSize = maxSize;
  return form;
}

// The part of a list that one request asks for.
struct Paging {
  PagingForm form;
  std::int64_t page = 1;
  std::int64_t size = 20;
  std::int64_t skip = 0;
  std::optional<std::string> cursor;  // set: what follows it, whatever page and skip say

  // What `request` asks for in the form's parameters. Names, types, defaults and bounds are the contract's; the form
  // only cuts what a lenient contract (parameters of type string) lets through.
  template <class Request>
  static Paging of(const Request& request, const PagingForm& form) {
    constexpr std::int64_t kMaxSkip = std::int64_t{1} << 62;
    Paging out;
    out.form = form;
    const auto read = [&](const char* name) -> std::optional<std::int64_t> {
      if (name == nullptr) return std::nullopt;
      const std::optional<mortise_value> value = request.query(name).value();
      if (!value) return std::nullopt;
      if (value->type == MORTISE_INTEGER) return value->as.integer;
      if (value->type != MORTISE_TEXT) return std::nullopt;
      return wholeNumber(std::string_view(value->as.text.data, value->as.text.size));
    };
    out.size = std::clamp<std::int64_t>(read(form.sizeParameter).value_or(form.defaultSize), 1, form.maxSize);
    if (form.pageParameter != nullptr) {
      out.page = std::max<std::int64_t>(1, read(form.pageParameter).value_or(1));
      out.skip = out.page - 1 > kMaxSkip / out.size ? kMaxSkip : (out.page - 1) * out.size;
    } else if (form.skipParameter != nullptr) {
      out.skip = std::clamp<std::int64_t>(read(form.skipParameter).value_or(0), 0, kMaxSkip);
    }
    if (form.cursorParameter != nullptr) {
      if (const auto value = request.query(form.cursorParameter).value()) {
        if (value->type == MORTISE_INTEGER) {
          out.cursor = std::to_string(value->as.integer);
        } else if (value->type == MORTISE_TEXT && value->as.text.size > 0) {
          out.cursor.emplace(value->as.text.data, value->as.text.size);
        }
      }
    }
    return out;
  }
  // Without a request: the first `size` of a list, in the form of `form`.
  static Paging first(std::int64_t size, const PagingForm& form = {}) {
    Paging out;
    out.form = form;
    out.size = size;
    return out;
  }

  // ceil(total / size)
  std::int64_t pagesOf(std::int64_t total) const noexcept { return total / size + (total % size == 0 ? 0 : 1); }
};

}  // namespace mortise::inline sdk1
