// A part of a list from the database, and its reply in the family's form.
//   constexpr auto kPages = mortise::sizedPages("tickets");
//   constexpr db::Sort kSorts[] = {{"created_at", "created_at, id", "created_at DESC, id DESC"},
//                                  {"title", "title, id", "title DESC, id DESC"}};
//   db::Where where;
//   where.equals("project_id", request.path("project_id")).equals("state", request.query("state"));
//   const auto order = db::orderBy(kSorts, request.query("sort").text(""), request.query("order").text("") == "asc");
//   return db::slice<Ticket>(db_, where, order, Paging::of(request, kPages)).reply();
// Give each list the indexes that its conditions and orders need, and let a test check them (mortise/testing/plans.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mortise/json.hpp"
#include "mortise/paging.hpp"
#include "mortise/problem.hpp"
#include "mortise/reply.hpp"
#include "mortise/rows.hpp"
#include "mortise/where.hpp"

namespace mortise::inline sdk1::db {

// One order that a client may ask for, by the name it sends; what stands after ORDER BY, both ways. End each with a
// column that no two rows share: pages would overlap otherwise.
struct Sort {
  const char* name;
  const char* ascending;
  const char* descending;
};
// What stands after ORDER BY for the name sent; the first of `sorts` for a name that is not among them.
template <std::size_t Size>
constexpr const char* orderBy(const Sort (&sorts)[Size], std::string_view name, bool isAscending) {
  const Sort* chosen = &sorts[0];
  for (const auto& each : sorts) {
    if (each.name == name) chosen = &each;
  }
  return isAscending ? chosen->ascending : chosen->descending;
}

// Where the total of a list comes from, in forms that tell it.
class Total {
 public:
  // COUNT(*) with the list's conditions: only where an index covers them, or the list is short. Not asked when the
  // first page holds the whole list.
  static Total counted() { return Total(std::nullopt); }
  // A number that the module has already, from a counter that it keeps in the same transaction as its rows
  // (counters.hpp).
  static Total known(std::int64_t total) { return Total(total); }

  const std::optional<std::int64_t>& value() const noexcept { return value_; }

 private:
  explicit Total(std::optional<std::int64_t> value) : value_(value) {}
  std::optional<std::int64_t> value_;
};

// What slice() read.
template <class T>
struct Slice {
  std::vector<T> items;
  Paging paging;
  std::int64_t total = 0;  // 0 where the form does not tell it
  bool hasMore = false;
  std::optional<std::string> nextCursor;  // set while something follows, in forms with a cursor

  // The body, for one that takes further members: slice.object().add("query", q). Not for a form without `items`.
  // `convert`: what an item becomes, anything that may stand as a JSON value.
  template <class Convert>
  json::Object object(Convert&& convert) const {
    const PagingForm& form = paging.form;
    json::Object out;
    out.add(form.items, json::list(items, convert));
    if (form.total != nullptr) out.add(form.total, total);
    if (form.page != nullptr) out.add(form.page, paging.page);
    if (form.pages != nullptr) out.add(form.pages, paging.pagesOf(total));
    if (form.skip != nullptr) out.add(form.skip, paging.skip);
    if (form.size != nullptr) out.add(form.size, paging.size);
    if (form.count != nullptr) out.add(form.count, items.size());
    if (form.hasMore != nullptr) out.add(form.hasMore, hasMore);
    if (form.nextCursor != nullptr) out.add(form.nextCursor, nextCursor);
    return out;
  }
  json::Object object() const { return object(kItself); }

  // The whole reply, with the header that the form has.
  template <class Convert>
  Reply reply(Convert&& convert) const {
    auto reply = Reply::ok(paging.form.items == nullptr ? json::list(items, convert) : object(convert).build());
    if (paging.form.cursorHeader != nullptr && nextCursor) reply.header(paging.form.cursorHeader, *nextCursor);
    return reply;
  }
  Reply reply() const { return reply(kItself); }

 private:
  static constexpr auto kItself = [](const T& item) -> const T& { return item; };
};

namespace detail {

// One column of an order: "created_at DESC".
struct OrderColumn {
  std::string name;
  std::string nulls;  // " NULLS LAST", or empty
  bool isDescending = false;
};
inline std::string_view takeWord(std::string_view& text) {
  const auto start = std::min(text.find_first_not_of(' '), text.size());
  text.remove_prefix(start);
  const auto end = std::min(text.find(' '), text.size());
  const auto word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}
// Empty when the order has more in it than columns with ASC, DESC, NULLS FIRST or NULLS LAST.
[[gnu::noinline]] inline std::vector<OrderColumn> orderColumns(std::string_view order) {
  std::vector<OrderColumn> out;
  while (!order.empty()) {
    const auto comma = std::min(order.find(','), order.size());
    auto part = order.substr(0, comma);
    order.remove_prefix(std::min(comma + 1, order.size()));
    OrderColumn column;
    column.name = takeWord(part);
    auto word = takeWord(part);
    column.isDescending = word == "DESC";
    if (word == "DESC" || word == "ASC") word = takeWord(part);
    if (word == "NULLS") {
      word = takeWord(part);
      if (word != "FIRST" && word != "LAST") return {};
      column.nulls = std::string(" NULLS ").append(word);
      word = takeWord(part);
    }
    if (column.name.empty() || column.name.find('(') != std::string::npos || !word.empty()) return {};
    out.push_back(std::move(column));
  }
  return out;
}
// The same order, from its end; empty when it can't be turned round.
[[gnu::noinline]] inline std::string reversed(std::string_view order) {
  std::string out;
  for (const auto& each : orderColumns(order)) {
    const std::string_view nulls = each.nulls.empty()            ? ""
                                   : each.nulls == " NULLS LAST" ? " NULLS FIRST"
                                                                 : " NULLS LAST";
    out = joined({out, out.empty() ? "" : ", ", each.name, each.isDescending ? " ASC" : " DESC", nulls});
  }
  return out;
}

// A cursor is the values of the order's columns in the last item, joined by commas. Only the last one may be a text.
[[noreturn]] inline void badCursorOrder() {
  throw Error(Error::Kind::invalid,
              "pages with a cursor need an order of plain columns of the entity, all ascending or all descending, of "
              "which only the last may be a text, and none NULL");
}
[[noreturn, gnu::cold]] inline void unreadableCursor() { throw Problem(422, "invalid_cursor").field("query/cursor"); }
[[gnu::noinline]] inline std::string cursorOf(const Binding& item, const std::vector<OrderColumn>& columns) {
  std::string cursor;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto* value = item.find(columns[i].name);
    const bool isLast = i + 1 == columns.size();
    if (value == nullptr) badCursorOrder();
    if (i > 0) cursor.push_back(',');
    if (value->type == MORTISE_INTEGER) {
      cursor.append(std::to_string(value->as.integer));
    } else if (value->type == MORTISE_TEXT && isLast) {
      cursor.append(value->as.text.data, value->as.text.size);
    } else {
      badCursorOrder();
    }
  }
  return cursor;
}
// The column's type in the entity.
struct CursorColumn {
  const char* name;
  mortise_type type;
  bool mayBeNull;
};
// The condition that what follows `cursor` fulfils. Throws Problem(422, "invalid_cursor") for a text that is none.
[[gnu::noinline]] inline void addCursor(Where& where, const std::vector<OrderColumn>& columns,
                                        const std::vector<CursorColumn>& fields, std::string_view cursor) {
  std::vector<std::string> names(columns.size());
  std::vector<Parameter> parameters;
  std::string left, right;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const bool isLast = i + 1 == columns.size();
    const auto field =
        std::find_if(fields.begin(), fields.end(), [&](const auto& each) { return each.name == columns[i].name; });
    if (field == fields.end() || field->mayBeNull || !columns[i].nulls.empty() ||
        columns[i].isDescending != columns[0].isDescending ||
        (field->type != MORTISE_INTEGER && (field->type != MORTISE_TEXT || !isLast))) {
      badCursorOrder();
    }
    const auto comma = cursor.find(',');
    if (!isLast && comma == std::string_view::npos) unreadableCursor();
    const auto text = cursor.substr(0, isLast ? cursor.size() : comma);
    cursor.remove_prefix(isLast ? cursor.size() : comma + 1);
    names[i] = "after" + std::to_string(i);
    if (field->type == MORTISE_TEXT) {
      parameters.emplace_back(names[i], text);
    } else {
      const auto number = wholeNumber(text);
      if (!number) unreadableCursor();
      parameters.emplace_back(names[i], *number);
    }
    left = joined({left, i == 0 ? "" : ", ", columns[i].name});
    right = joined({right, i == 0 ? ":" : ", :", names[i]});
  }
  const bool isRow = columns.size() > 1;
  where.raw(joined({isRow ? "(" : "", left, isRow ? ")" : "", columns[0].isDescending ? " < " : " > ", isRow ? "(" : "",
                    right, isRow ? ")" : ""}),
            parameters);
}
template <class T>
[[gnu::cold]] std::vector<CursorColumn> cursorColumns() {
  std::vector<CursorColumn> columns;
  eachField<T>([&](const auto& field) {
    using Member = typename std::remove_cvref_t<decltype(field)>::Member;
    if (!field.rules.isComputed)
      columns.push_back({field.rules.column, Column<Member>::kType, sdk1::detail::kIsOptional<Member>});
  });
  return columns;
}

// From here an OFFSET reads so many entries that another way pays.
inline constexpr std::int64_t kDeepSkip = 1000;

// The one column of the primary key; empty when there are several or none.
[[gnu::cold]] inline std::string onlyKey(const std::vector<FieldRules>& rules) {
  std::string key;
  for (const auto& each : rules) {
    if (!each.isKey) continue;
    if (!key.empty()) return {};
    key = each.column;
  }
  return key;
}

// What follows the SELECT of a page. `limit` and `skip` are bound as :limit and, when there is a skip, :offset.
[[gnu::noinline]] inline std::string sliceTail(const Where& where, std::string_view order, std::int64_t skip,
                                               const std::string& table, const std::string& key) {
  const std::string tail = joined({where.text(), where.isEmpty() ? "ORDER BY " : " ORDER BY ", order, " LIMIT :limit",
                                   skip > 0 ? " OFFSET :offset" : ""});
  if (skip < kDeepSkip || key.empty()) return tail;
  // What is passed over is counted in the index; only the rows of the page are fetched.
  return joined({"JOIN (SELECT ", key, " AS page_key FROM ", table, " ", tail, ") page ON page.page_key = ", table, ".",
                 key, " ORDER BY ", order});
}

template <Entity T>
[[gnu::noinline]] std::vector<T> sliceRows(Session& session, const Where& where, std::string_view order,
                                           std::int64_t limit, std::int64_t skip) {
  static const std::string kTable = T::kFields.table, kKey = onlyKey(rulesOf<T>());
  auto parameters = where.parameters();
  parameters.emplace_back("limit", limit);
  if (skip > 0) parameters.emplace_back("offset", skip);
  return rows<T>(session, sliceTail(where, order, skip, kTable, kKey), parameters);
}

}  // namespace detail

// The entities under `where` in `order` ("created_at DESC, id"), at most `limit` of them.
template <Entity T, class Source>
std::vector<T> rows(Source&& source, const Where& where, std::string_view order, std::int64_t limit) {
  auto&& session = detail::readSession(source);
  return detail::sliceRows<T>(session, where, order, limit, 0);
}
// How many are under `where`.
template <Entity T, class Source>
std::int64_t count(Source&& source, const Where& where) {
  return count<T>(source, where.text(), where.parameters());
}

// The part of a list that `paging` asks for. `order`: what stands after ORDER BY, a constant text of the module
// (orderBy()). Where paging has a cursor it is what follows that; the order's columns are then fields of the entity, all
// in one direction, and never NULL. A page beyond the end is empty. Throws Problem(422, "invalid_cursor") for a cursor
// that is none, and Error as every statement does.
//
// What it runs, per page: the rows; where the form tells a total and the first page does not hold the whole list, the
// count. A page far from the start is found from the end, when that is nearer, and over the primary key.
template <Entity T, class Source>
Slice<T> slice(Source&& source, const Where& where, std::string_view order, const Paging& paging,
               const Total& total = Total::counted()) {
  auto&& session = detail::readSession(source);
  const PagingForm& form = paging.form;
  const bool tellsTotal = form.needsTotal();
  const bool hasCursor = form.nextCursor != nullptr || form.cursorHeader != nullptr;
  Slice<T> out;
  out.paging = paging;
  const std::int64_t skip = paging.cursor ? 0 : paging.skip;
  const auto columns = hasCursor || paging.cursor ? detail::orderColumns(order) : std::vector<detail::OrderColumn>();
  if (paging.cursor && columns.empty()) detail::badCursorOrder();

  const auto countAll = [&] { return total.value() ? *total.value() : count<T>(session, where); };
  const bool countsFirst = tellsTotal && (skip > 0 || total.value() || paging.cursor);
  if (countsFirst) out.total = countAll();
  if (countsFirst && !paging.cursor && skip >= out.total) return out;

  const auto readPage = [&] {
    if (paging.cursor) {
      Where following = where;
      static const auto kColumns = detail::cursorColumns<T>();
      detail::addCursor(following, columns, kColumns, *paging.cursor);
      return detail::sliceRows<T>(session, following, order, paging.size + 1, 0);
    }
    if (countsFirst && skip >= detail::kDeepSkip && skip > out.total / 2) {
      const auto backwards = detail::reversed(order);
      const auto size = std::min(paging.size, out.total - skip);
      if (!backwards.empty()) {
        auto items = detail::sliceRows<T>(session, where, backwards, size, out.total - skip - size);
        std::reverse(items.begin(), items.end());
        return items;
      }
    }
    // One more than asked for, to see whether more follows; the total tells it without.
    return detail::sliceRows<T>(session, where, order, paging.size + (countsFirst ? 0 : 1), skip);
  };
  out.items = readPage();

  const auto size = static_cast<std::size_t>(paging.size);
  out.hasMore = out.items.size() > size;
  if (out.hasMore) out.items.erase(out.items.begin() + paging.size, out.items.end());
  if (countsFirst && !paging.cursor) {
    out.hasMore = skip + static_cast<std::int64_t>(out.items.size()) < out.total;
  } else if (tellsTotal && !countsFirst) {
    out.total = out.hasMore ? countAll() : static_cast<std::int64_t>(out.items.size());
  }
  if (hasCursor && out.hasMore && !columns.empty()) {
    static const detail::Chosen kAll =
        detail::chosenOf(detail::rulesOf<T>(), [](const FieldRules& rules) { return !rules.isComputed; });
    out.nextCursor = detail::cursorOf(detail::bindFields(out.items.back(), kAll), columns);
  }
  return out;
}

}  // namespace mortise::inline sdk1::db
