// The conditions of a list: only what was asked for stands in the statement, so that an index is used.
//   db::Where where;
//   where.equals("project_id", project)                       // always
//       .equals("state", request.query("state"))              // left out when the client did not send it
//       .equals("persona", db::ifSent(body.persona))          // left out when the optional is empty
//       .contains("title", request.query("q"));
//   auto tickets = db::rows<Ticket>(session, where.text() + " ORDER BY id", where.parameters());
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "mortise/db.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1::db {

// A value that a client may leave out; see ifSent().
template <class T>
struct Sent {
  std::optional<T> value;
};

// Says that a condition is left out when the value is absent: an empty optional. A plain optional is refused by Where,
// because a condition that protects (an owner, an organisation) must not vanish with its value.
template <class T>
Sent<T> ifSent(std::optional<T> value) {
  return {std::move(value)};
}
// The same for a text, where empty means absent.
inline Sent<std::string> ifSent(std::string_view text) { return {orNull(text)}; }
inline Sent<std::string> ifSent(const std::string& text) { return ifSent(std::string_view(text)); }
inline Sent<std::string> ifSent(const char* text) { return ifSent(std::string_view(text)); }

namespace detail {

template <class T>
inline constexpr bool kIsSent = false;
template <class T>
inline constexpr bool kIsSent<Sent<T>> = true;
template <class T>
inline constexpr bool kIsPlainOptional = false;
template <class T>
inline constexpr bool kIsPlainOptional<std::optional<T>> = true;
// request.query("…"): knows whether it was sent, and its value as the contract typed it.
template <class T>
concept RequestParameter = requires(const T& parameter) {
  { parameter.value() } -> std::same_as<std::optional<mortise_value>>;
};

inline constexpr char kLikeEscape = '!';
// `text` as a part of a LIKE pattern that means itself.
inline void appendLike(std::string& pattern, std::string_view text) {
  for (const char c : text) {
    if (c == '%' || c == '_' || c == kLikeEscape) pattern.push_back(kLikeEscape);
    pattern.push_back(c);
  }
}

}  // namespace detail

// Conditions, all of which must hold. Columns and operators are the module's own constant texts, values are bound, never
// written into the statement. A list with n conditions that may be left out has at most 2^n texts, each prepared once
// per connection: keep n small (about 6). Copies the values it is given; no thread may change it while another reads it.
class Where {
 public:
  // The value is anything a Parameter takes; Sent<…> or request.query(…) is left out when it is absent.
  template <class T>
  Where& equals(std::string_view column, const T& value) {
    return compare(column, " = ", value);
  }
  template <class T>
  Where& notEquals(std::string_view column, const T& value) {
    return compare(column, " <> ", value);
  }
  template <class T>
  Where& less(std::string_view column, const T& value) {
    return compare(column, " < ", value);
  }
  template <class T>
  Where& atMost(std::string_view column, const T& value) {
    return compare(column, " <= ", value);
  }
  template <class T>
  Where& greater(std::string_view column, const T& value) {
    return compare(column, " > ", value);
  }
  template <class T>
  Where& atLeast(std::string_view column, const T& value) {
    return compare(column, " >= ", value);
  }
  // `from` included, `to` not; each may be left out by itself.
  template <class From, class To>
  Where& between(std::string_view column, const From& from, const To& to) {
    return atLeast(column, from).less(column, to);
  }

  Where& isNull(std::string_view column) { return add(std::string(column).append(" IS NULL")); }
  Where& isNotNull(std::string_view column) { return add(std::string(column).append(" IS NOT NULL")); }

  // One of `values` (a range); none of them: no row. At most kMaxIn values, else Error{invalid}. The text is the same
  // for 1, 2, 4, 8, … values: the last one is repeated.
  template <class Range>
  Where& in(std::string_view column, const Range& values) {
    const auto count = static_cast<std::size_t>(std::distance(std::begin(values), std::end(values)));
    if (count == 0) return add("1 = 0");
    if (count > kMaxIn) throw Error(Error::Kind::invalid, "too many values for one condition");
    std::size_t slots = 1;
    while (slots < count) slots *= 2;
    std::string text = std::string(column).append(" IN (");
    auto next = std::begin(values);
    std::size_t used = 0;
    for (std::size_t i = 0; i < slots; ++i) {
      text.append(i == 0 ? ":" : ", :").append(hold(*next));
      if (++used < count) ++next;
    }
    return add(text.append(")"));
  }
  template <class T>
  Where& in(std::string_view column, std::initializer_list<T> values) {
    return in<std::initializer_list<T>>(column, values);
  }

  // The column holds the text somewhere, whatever its case (SQLite: of ASCII letters). No index helps here: let another
  // condition narrow the list down. An empty text holds everywhere.
  template <class T>
  Where& contains(std::string_view column, const T& text) {
    return contains({column}, text);
  }
  // One of the columns holds it.
  template <class T>
  Where& contains(std::initializer_list<std::string_view> columns, const T& text) {
    return withText(text, [&](std::string_view sent) {
      if (sent.empty()) return;
      std::string pattern = "%";
      detail::appendLike(pattern, sent);
      pattern.push_back('%');
      const auto name = hold(std::string_view(pattern));
      std::string any;
      for (const auto& column : columns) {
        any.append(any.empty() ? "" : " OR ").append("LOWER(").append(column).append(") LIKE LOWER(:").append(name);
        any.append(") ESCAPE '").append(1, detail::kLikeEscape).append("'");
      }
      add(columns.size() > 1 ? "(" + any + ")" : any);
    });
  }
  // The column begins with the text, exactly. No index helps here either.
  template <class T>
  Where& startsWith(std::string_view column, const T& text) {
    return withText(text, [&](std::string_view sent) {
      if (sent.empty()) return;
      std::int64_t letters = 0;  // SUBSTR counts code points
      for (const char c : sent) letters += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
      const auto length = hold(letters);
      const auto start = hold(sent);
      add(std::string("SUBSTR(").append(column).append(", 1, :").append(length).append(") = :").append(start));
    });
  }

  // A condition of your own, with parameters of your own names (not "w0", "w1", …):
  //   where.raw("EXISTS (SELECT 1 FROM claims c WHERE c.ticket_id = tickets.id AND c.ends_at > :now)", {{"now", now()}})
  Where& raw(std::string_view condition, const std::vector<Parameter>& parameters = {}) {
    for (const auto& each : parameters) hold(each.value, Text(each.name).string());
    return add("(" + std::string(condition) + ")");
  }

  bool isEmpty() const noexcept { return text_.empty(); }
  // "WHERE a = :w0 AND b < :w1", or empty.
  const std::string& text() const noexcept { return text_; }
  // Borrow from this object: they live as long as it does, unchanged.
  [[gnu::noinline]] std::vector<Parameter> parameters() const {
    std::vector<Parameter> out;
    out.reserve(held_.size() + 4);
    for (const auto& each : held_) {
      Parameter& parameter = out.emplace_back(each.name, nullptr);
      parameter.value = each.value;
      if (each.value.type == MORTISE_TEXT) parameter.value.as.text = sdk1::detail::str(each.text);
    }
    return out;
  }

  static constexpr std::size_t kMaxIn = 1024;

 private:
  struct Held {
    std::string name;
    mortise_value value;
    std::string text;
  };

  [[gnu::noinline]] Where& add(std::string_view condition) {
    text_.append(text_.empty() ? "WHERE " : " AND ").append(condition);
    return *this;
  }
  template <class T>
  Where& compare(std::string_view column, std::string_view comparison, const T& value) {
    if constexpr (detail::kIsSent<T>) {
      if (value.value) compare(column, comparison, *value.value);
    } else if constexpr (detail::RequestParameter<T>) {
      if (const auto sent = value.value()) addCompared(column, comparison, hold(*sent, nextName()));
    } else {
      static_assert(!detail::kIsPlainOptional<T> && !std::is_same_v<T, std::nullptr_t>,
                    "say what an empty value means: ifSent(value) leaves the condition out, isNull() asks for NULL");
      addCompared(column, comparison, hold(value));
    }
    return *this;
  }
  [[gnu::noinline]] void addCompared(std::string_view column, std::string_view comparison, std::string_view name) {
    add(std::string(column).append(comparison).append(":").append(name));
  }
  template <class T, class Use>
  Where& withText(const T& text, Use&& use) {
    if constexpr (detail::kIsSent<T>) {
      if (text.value) use(std::string_view(*text.value));
    } else if constexpr (detail::RequestParameter<T>) {
      if (const auto sent = text.text()) use(std::string_view(*sent));
    } else {
      use(std::string_view(text));
    }
    return *this;
  }

  std::string nextName() const { return "w" + std::to_string(held_.size()); }
  template <class T>
  std::string hold(const T& value) {
    const Parameter parameter("", value);
    return hold(parameter.value, nextName());
  }
  [[gnu::noinline]] std::string hold(const mortise_value& value, std::string name) {
    auto& held = held_.emplace_back(Held{std::move(name), value, {}});
    if (value.type == MORTISE_TEXT) held.text = sdk1::detail::copied(value.as.text);  // NOLINT: Parameter sets it
    return held.name;
  }

  std::string text_;
  std::vector<Held> held_;
};

}  // namespace mortise::inline sdk1::db
