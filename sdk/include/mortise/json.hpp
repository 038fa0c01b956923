// Writing JSON: small values that know how to become JSON text.
//   return Reply::ok(json::object({{"id", id}, {"tags", json::list(tags)}, {"note", nullptr}}));
//   return Reply::ok(json::from(ticket).add("links", links));
// Reading a request's JSON is json_node.hpp.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "mortise/text.hpp"

#ifdef MORTISE_INCLUDES_OF_1_0
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <functional>
#include <memory>
#include <mutex>
#endif

namespace mortise::inline sdk1 {

class Json;

namespace json {

// Appends `text` (UTF-8) as a JSON string, quotes included.
inline void appendQuoted(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out.push_back('"');
  std::size_t done = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    out.append(text, done, i - done);
    done = i + 1;
    out.push_back('\\');
    switch (byte) {
      case '"':
        out.push_back('"');
        break;
      case '\\':
        out.push_back('\\');
        break;
      case '\n':
        out.push_back('n');
        break;
      case '\r':
        out.push_back('r');
        break;
      case '\t':
        out.push_back('t');
        break;
      case '\b':
        out.push_back('b');
        break;
      case '\f':
        out.push_back('f');
        break;
      default:
        out.append("u00");
        out.push_back(kHex[byte >> 4]);
        out.push_back(kHex[byte & 15]);
    }
  }
  out.append(text, done);
  out.push_back('"');
}

inline std::string quoted(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  appendQuoted(out, text);
  return out;
}

// Appends the shortest text that reads back as the same double; null for what JSON cannot say (infinity, NaN).
inline void appendReal(std::string& out, double value) {
  if (value - value != 0) {  // <cmath> would make up a tenth of what a module's file includes
    out.append("null");
    return;
  }
  char buffer[40];
#if defined(__cpp_lib_to_chars) || (defined(_GLIBCXX_RELEASE) && _GLIBCXX_RELEASE >= 11)
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, value);
  out.append(buffer, static_cast<std::size_t>(result.ptr - buffer));
#else
  int size = 0;
  for (int digits = 15; digits <= 17; ++digits) {
    size = std::snprintf(buffer, sizeof buffer, "%.*g", digits, value);
    if (std::strtod(buffer, nullptr) == value) break;
  }
  for (int i = 0; i < size; ++i) out.push_back(buffer[i] == ',' ? '.' : buffer[i]);  // a locale may write a comma
#endif
}

template <class Integer>
void appendInteger(std::string& out, Integer value) {
  char buffer[24];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, value);
  out.append(buffer, static_cast<std::size_t>(result.ptr - buffer));
}

// One finished JSON value: its text. Made by object(), list(), raw(), Object and List, or from a scalar.
class Value {
 public:
  Value() : text_("null") {}
  const std::string& text() const& noexcept { return text_; }
  std::string text() && noexcept { return std::move(text_); }
  operator std::string() const& { return text_; }         // NOLINT: meant to convert
  operator std::string() && { return std::move(text_); }  // NOLINT: meant to convert

  friend bool operator==(const Value& a, const Value& b) { return a.text_ == b.text_; }

 private:
  friend Value raw(std::string text);
  explicit Value(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// JSON text made elsewhere, taken as it is: it must be one valid value.
inline Value raw(std::string text) { return Value(std::move(text)); }

// A type that can be written as JSON: beside it stands a function, found by the type's namespace, that appends the value
// as one JSON value:
//   void mortiseAppendJson(std::string& out, const Ticket& ticket);
// Generated contract headers have one; entities with a list of fields (entity.hpp) need none of their own.
template <class T>
requires requires(std::string& out, const T& value) { T::kFields.appendJson(out, value); }
void mortiseAppendJson(std::string& out, const T& value) { T::kFields.appendJson(out, value); }
template <class T>
concept Writable = requires(std::string& out, const T& value) {
  mortiseAppendJson(out, value);
};

class Object;
class List;

// Whatever may stand as a value: null, booleans, integers of every width, doubles, text, optionals (null when empty),
// json::Value, Object and List, every Writable type, and a node of a request body (Json). An argument type: it borrows
// text, so do not keep one beyond the expression.
class Item {
 public:
  Item(std::nullptr_t) noexcept : kind_(Kind::null) {}  // NOLINT: meant to convert
  Item(std::nullopt_t) noexcept : kind_(Kind::null) {}  // NOLINT: meant to convert
  template <class T, std::enable_if_t<std::is_same_v<T, bool>, int> = 0>
  Item(T value) noexcept : kind_(Kind::boolean), integer_(value ? 1 : 0) {}  // NOLINT: meant to convert
  template <class T,
            std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, bool> && !std::is_same_v<T, char>, int> = 0,
            class = void>
  Item(T value) noexcept  // NOLINT: meant to convert
      : kind_(std::is_unsigned_v<T> ? Kind::natural : Kind::integer), integer_(static_cast<std::int64_t>(value)) {}
  Item(double value) noexcept : kind_(Kind::real), real_(value) {}               // NOLINT: meant to convert
  Item(float value) noexcept : kind_(Kind::real), real_(double{value}) {}        // NOLINT: meant to convert
  Item(std::string_view text) noexcept : kind_(Kind::text), view_(text) {}       // NOLINT: meant to convert
  Item(const std::string& text) noexcept : kind_(Kind::text), view_(text) {}     // NOLINT: meant to convert
  Item(const Text& text) noexcept : kind_(Kind::text), view_(text) {}            // NOLINT: meant to convert
  Item(const char* text) noexcept : kind_(Kind::text), view_(text) {}            // NOLINT: meant to convert
  Item(const Value& value) noexcept : kind_(Kind::json), view_(value.text()) {}  // NOLINT: meant to convert
  Item(const Json& node);      // NOLINT: meant to convert; json_node.hpp
  Item(const Object& object);  // NOLINT: meant to convert
  Item(const List& list);      // NOLINT: meant to convert
  template <Writable T>
  Item(const T& value) : kind_(Kind::owned) {  // NOLINT: meant to convert
    mortiseAppendJson(owned_, value);
  }
  template <class T>
  Item(const std::optional<T>& value) : Item(value ? Item(*value) : Item(nullptr)) {}  // NOLINT: meant to convert

  void appendTo(std::string& out) const {
    switch (kind_) {
      case Kind::null:
        out.append("null");
        break;
      case Kind::boolean:
        out.append(integer_ != 0 ? "true" : "false");
        break;
      case Kind::integer:
        appendInteger(out, integer_);
        break;
      case Kind::natural:
        appendInteger(out, static_cast<std::uint64_t>(integer_));
        break;
      case Kind::real:
        appendReal(out, real_);
        break;
      case Kind::text:
        appendQuoted(out, view_);
        break;
      case Kind::json:
        out.append(view_);
        break;
      case Kind::owned:
        out.append(owned_);
        break;
    }
  }

 private:
  enum class Kind : std::uint8_t { null, boolean, integer, natural, real, text, json, owned };
  Kind kind_;
  union {
    std::int64_t integer_ = 0;
    double real_;
  };
  std::string_view view_;
  std::string owned_;
};

// Appends any value that has a JSON form: what an Item takes, Writable types, optionals, ranges as lists, and maps as
// objects.
template <class T>
void append(std::string& out, const T& value) {
  if constexpr (Writable<T>) {
    mortiseAppendJson(out, value);
  } else if constexpr (std::is_constructible_v<T, std::nullopt_t>) {
    if (value) {
      append(out, *value);
    } else {
      out.append("null");
    }
  } else if constexpr (std::is_constructible_v<Item, const T&>) {
    Item(value).appendTo(out);
  } else if constexpr (requires { typename T::mapped_type; }) {
    char before = '{';
    for (const auto& [name, element] : value) {
      out.push_back(std::exchange(before, ','));
      appendQuoted(out, name);
      out.push_back(':');
      append(out, element);
    }
    out.append(before == '{' ? "{}" : "}");
  } else {
    char before = '[';
    for (const typename T::value_type& element : value) {
      out.push_back(std::exchange(before, ','));
      append(out, element);
    }
    out.append(before == '[' ? "[]" : "]");
  }
}

// Appends one object, member by member: ObjectWriter(out).member("id", id).member("tags", tags).end().
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& out) noexcept : out_(out) {}
  // Names are not compared: do not repeat one. A mortise::BodyMember that is absent is left out.
  template <class T>
  ObjectWriter& member(std::string_view name, const T& value) {
    if constexpr (requires { value.absent(); }) {
      if (value.absent()) return *this;
    }
    out_.push_back(std::exchange(before_, ','));
    appendQuoted(out_, name);
    out_.push_back(':');
    append(out_, value);
    return *this;
  }
  void end() { out_.append(before_ == '{' ? "{}" : "}"); }

 private:
  std::string& out_;
  char before_ = '{';
};

// One value from a scalar: json::value("x").
inline Value value(const Item& item) {
  std::string out;
  item.appendTo(out);
  return raw(std::move(out));
}

struct Member {
  std::string_view name;
  Item value;
};

// {"name":value,...} in the order given. Names are not compared: do not repeat one.
inline Value object(std::initializer_list<Member> members = {}) {
  std::string out = "{";
  for (const auto& member : members) {
    if (out.size() > 1) out.push_back(',');
    appendQuoted(out, member.name);
    out.push_back(':');
    member.value.appendTo(out);
  }
  out.push_back('}');
  return raw(std::move(out));
}

// [value,...] of the values given: list({1, "two", nullptr}).
inline Value list(std::initializer_list<Item> items) {
  std::string out = "[";
  for (const auto& item : items) {
    if (out.size() > 1) out.push_back(',');
    item.appendTo(out);
  }
  out.push_back(']');
  return raw(std::move(out));
}
inline Value list() { return raw("[]"); }

// [value,...] of everything in `range`, each through `convert` (anything an Item can be made from): list(jobs, toJson).
template <class Range, class Convert>
Value list(const Range& range, Convert&& convert) {
  std::string out = "[";
  for (const auto& element : range) {
    if (out.size() > 1) out.push_back(',');
    const auto& converted = convert(element);
    if constexpr (Writable<std::remove_cvref_t<decltype(converted)>>) {
      mortiseAppendJson(out, converted);
    } else {
      Item(converted).appendTo(out);
    }
  }
  out.push_back(']');
  return raw(std::move(out));
}
template <class Range>
Value list(const Range& range) {
  return list(
      range, [](const auto& element) -> const auto& { return element; });
}

// An object built member by member.
class Object {
 public:
  Object& add(std::string_view name, const Item& value) {
    out_.push_back(out_.empty() ? '{' : ',');
    appendQuoted(out_, name);
    out_.push_back(':');
    value.appendTo(out_);
    return *this;
  }
  Value build() const { return raw(out_.empty() ? "{}" : out_ + "}"); }
  operator Value() const { return build(); }  // NOLINT: meant to convert

 private:
  template <Writable T>
  friend Object from(const T& value);
  std::string out_;
};

// A list built element by element.
class List {
 public:
  List& add(const Item& value) {
    out_.push_back(out_.empty() ? '[' : ',');
    value.appendTo(out_);
    return *this;
  }
  Value build() const { return raw(out_.empty() ? "[]" : out_ + "]"); }
  operator Value() const { return build(); }  // NOLINT: meant to convert

 private:
  std::string out_;
};

inline Item::Item(const Object& object) : kind_(Kind::owned), owned_(object.build().text()) {}
inline Item::Item(const List& list) : kind_(Kind::owned), owned_(list.build().text()) {}

// The members of `value` as an object that takes further ones: json::from(ticket).add("links", links). `value` must be
// written as an object; every element of a range: list(tickets).
template <Writable T>
Object from(const T& value) {
  Object object;
  mortiseAppendJson(object.out_, value);
  if (object.out_.empty() || object.out_.back() != '}') throw std::logic_error("json::from: the value is no object");
  object.out_.pop_back();
  if (object.out_ == "{") object.out_.clear();
  return object;
}

}  // namespace json
}  // namespace mortise::inline sdk1
