// A member of a JSON object that may be left out: absent, null or a value.
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "mortise/json.hpp"

namespace mortise::inline sdk1 {

// What a generated contract struct holds for a member that is not required and has no default. A PATCH reads all three
// states:
//   if (body.nickname.has()) user.nickname = body.nickname.value();
//   if (body.nickname.isNull()) user.nickname.reset();   // absent: leave it as it is
// In a reply an absent member is left out. A value type; no thread rule of its own.
template <class T>
class BodyMember {
 public:
  using value_type = T;

  BodyMember() noexcept = default;                              // absent
  BodyMember(std::nullptr_t) noexcept : null_(true) {}          // NOLINT: meant to convert
  BodyMember(std::nullopt_t) noexcept : null_(true) {}          // NOLINT: meant to convert
  BodyMember(const T& value) : value_(value) {}                 // NOLINT: meant to convert
  BodyMember(T&& value) noexcept : value_(std::move(value)) {}  // NOLINT: meant to convert
  // An empty optional is null: what a column holds.
  BodyMember(std::optional<T> value) : value_(std::move(value)), null_(!value_) {}  // NOLINT: meant to convert
  template <class Other>
  requires(std::convertible_to<Other, T> && !std::same_as<std::remove_cvref_t<Other>, T> &&
           !std::same_as<std::remove_cvref_t<Other>, BodyMember> &&
           !std::same_as<std::remove_cvref_t<Other>, std::optional<T>> &&
           !std::same_as<std::remove_cvref_t<Other>, std::nullptr_t> &&
           !std::same_as<std::remove_cvref_t<Other>, std::nullopt_t>) BodyMember(Other&& value)  // NOLINT: constrained
      : value_(std::in_place, static_cast<T>(std::forward<Other>(value))) {}                     // NOLINT: converts

  bool absent() const noexcept { return !null_ && !value_; }
  bool isNull() const noexcept { return null_; }
  // True when there is a value: neither absent nor null.
  bool has() const noexcept { return value_.has_value(); }

  // Throws std::logic_error when there is none.
  const T& value() const {
    if (!value_) throw std::logic_error(null_ ? "the member is null" : "the member is absent");
    return *value_;
  }
  // The value, or `fallback` when absent or null.
  template <class Other>
  T valueOr(Other&& fallback) const {
    return value_ ? *value_ : static_cast<T>(std::forward<Other>(fallback));
  }
  // Empty when absent or null.
  const std::optional<T>& optional() const noexcept { return value_; }
  const T& operator*() const { return value(); }
  const T* operator->() const { return &value(); }

  friend bool operator==(const BodyMember& a, const BodyMember& b) {
    return a.null_ == b.null_ && a.value_ == b.value_;
  }

 private:
  std::optional<T> value_;
  bool null_ = false;
};

// As a value of its own an absent member is null. In an object json::ObjectWriter leaves it out.
template <class T>
void mortiseAppendJson(std::string& out, const BodyMember<T>& member) {
  json::append(out, member.optional());
}

}  // namespace mortise::inline sdk1
