// Reading a request's JSON body: json/1. The kernel parsed and checked it once by the contract; a Json only looks at
// it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "mortise/abi/json.h"
#include "mortise/json.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

// One node. Cheap to copy; lives as long as the call it came from, and so does every Text it hands out. [any]
// A wrong kind gives the neutral answer (0, false, empty): the contract has already refused bodies of the wrong shape.
//   const Json body = request.body();
//   std::string name = body["name"].text();
//   for (const Json item : body["items"]) total += item["price"].real();
//   for (const auto& [key, value] : body["labels"].members()) ...
class Json {
 public:
  Json() noexcept = default;
  Json(const mortise_json_v1* table, const mortise_json* node) noexcept : table_(table), node_(node) {}

  // True when the node is there at all, if only as null.
  bool exists() const noexcept { return node_ != nullptr; }
  explicit operator bool() const noexcept { return exists(); }

  mortise_type type() const noexcept { return node_ == nullptr ? MORTISE_NULL : table_->type(node_); }
  // Null or absent.
  bool isNull() const noexcept { return type() == MORTISE_NULL; }
  bool isBoolean() const noexcept { return type() == MORTISE_BOOLEAN; }
  bool isInteger() const noexcept { return type() == MORTISE_INTEGER; }
  bool isNumber() const noexcept { return type() == MORTISE_INTEGER || type() == MORTISE_REAL; }
  bool isText() const noexcept { return type() == MORTISE_TEXT; }
  bool isList() const noexcept { return type() == MORTISE_LIST; }
  bool isObject() const noexcept { return type() == MORTISE_OBJECT; }

  bool boolean(bool fallback = false) const noexcept { return isBoolean() ? table_->boolean(node_) != 0 : fallback; }
  // A real is cut towards zero.
  std::int64_t integer(std::int64_t fallback = 0) const noexcept {
    return isNumber() ? table_->integer(node_) : fallback;
  }
  double real(double fallback = 0) const noexcept { return isNumber() ? table_->real(node_) : fallback; }
  Text text(std::string_view fallback = {}) const noexcept {
    return isText() ? Text(table_->text(node_)) : Text(fallback);
  }

  // Empty when absent, null or of another kind.
  std::optional<bool> optionalBoolean() const { return isBoolean() ? std::optional(boolean()) : std::nullopt; }
  std::optional<std::int64_t> optionalInteger() const { return isNumber() ? std::optional(integer()) : std::nullopt; }
  std::optional<double> optionalReal() const { return isNumber() ? std::optional(real()) : std::nullopt; }
  std::optional<Text> optionalText() const { return isText() ? std::optional(text()) : std::nullopt; }

  // Of a list or object, else 0.
  std::size_t size() const noexcept { return node_ == nullptr ? 0 : table_->size(node_); }
  // Member of an object, element of a list; a node that does not exist when there is none.
  Json operator[](std::string_view name) const noexcept {
    return node_ == nullptr ? Json() : Json(table_, table_->member(node_, detail::str(name)));
  }
  Json operator[](std::size_t index) const noexcept {
    return node_ == nullptr ? Json() : Json(table_, table_->at(node_, index));
  }
  bool has(std::string_view name) const noexcept { return (*this)[name].exists(); }

  struct Member;
  template <class Element>
  class Iterator;

  // The elements of a list; nothing for other kinds.
  Iterator<Json> begin() const noexcept;
  Iterator<Json> end() const noexcept;
  // The members of an object, in the order sent; nothing for other kinds.
  class Members;
  Members members() const noexcept;

  // Compact JSON text.
  std::string toText() const;

 private:
  const mortise_json_v1* table_ = nullptr;
  const mortise_json* node_ = nullptr;
};

struct Json::Member {
  Text name;
  Json value;
};

template <class Element>
class Json::Iterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = Element;
  using difference_type = std::ptrdiff_t;
  using pointer = void;
  using reference = Element;

  Iterator(const mortise_json_v1* table, const mortise_json* node, std::size_t index) noexcept
      : table_(table), node_(node), index_(index) {}
  Element operator*() const noexcept {
    if constexpr (std::is_same_v<Element, Json>) {
      return Json(table_, table_->at(node_, index_));
    } else {
      return Element{Text(table_->name_at(node_, index_)), Json(table_, table_->value_at(node_, index_))};
    }
  }
  Iterator& operator++() noexcept {
    ++index_;
    return *this;
  }
  Iterator operator++(int) noexcept {
    Iterator before = *this;
    ++index_;
    return before;
  }
  friend bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.index_ == b.index_; }
  friend bool operator!=(const Iterator& a, const Iterator& b) noexcept { return a.index_ != b.index_; }

 private:
  const mortise_json_v1* table_;
  const mortise_json* node_;
  std::size_t index_;
};

class Json::Members {
 public:
  Members(const mortise_json_v1* table, const mortise_json* node, std::size_t size) noexcept
      : table_(table), node_(node), size_(size) {}
  Iterator<Member> begin() const noexcept { return {table_, node_, 0}; }
  Iterator<Member> end() const noexcept { return {table_, node_, size_}; }

 private:
  const mortise_json_v1* table_;
  const mortise_json* node_;
  std::size_t size_;
};

inline Json::Iterator<Json> Json::begin() const noexcept { return {table_, node_, 0}; }
inline Json::Iterator<Json> Json::end() const noexcept { return {table_, node_, isList() ? size() : 0}; }
inline Json::Members Json::members() const noexcept { return {table_, node_, isObject() ? size() : 0}; }

inline std::string Json::toText() const {
  if (node_ == nullptr) return "null";
  struct Out {
    std::string text;
    bool failed = false;
  } out;
  table_->write(
      node_,
      [](void* context, mortise_str text) {
        auto& sink = *static_cast<Out*>(context);
        try {
          sink.text.assign(text.data, text.size);
        } catch (...) {
          sink.failed = true;  // nothing may be thrown through the boundary
        }
      },
      &out);
  if (out.failed) throw std::bad_alloc();
  return std::move(out.text);
}

inline json::Item::Item(const Json& node) : kind_(Kind::owned), owned_(node.toText()) {}

}  // namespace mortise::inline sdk1
