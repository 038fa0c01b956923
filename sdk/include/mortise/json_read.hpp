// From the nodes of a request body to C++ values: no second parse, the kernel's tree is read where it is.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "mortise/body_member.hpp"
#include "mortise/json_node.hpp"

namespace mortise::inline sdk1 {
namespace json {

// A type that can be read from JSON: beside it stands a function, found by the type's namespace, that fills it:
//   void mortiseReadJson(const mortise::Json& from, NewTicket& into);
// The structs of generated contract headers have one.
template <class T>
concept Readable = requires(const Json& from, T& into) {
  mortiseReadJson(from, into);
};

// Fills `into` from a node: text, numbers, booleans, Json (the node itself), Value (its text), optionals (empty when
// null), ranges with push_back, maps by name, and every Readable type. A node of another kind gives the neutral value
// (0, false, empty), as Json itself does: the contract has already refused it. [any]
template <class T>
void read(const Json& from, T& into) {
  if constexpr (std::same_as<T, std::string>) {
    into = from.text();
  } else if constexpr (std::same_as<T, bool>) {
    into = from.boolean();
  } else if constexpr (std::integral<T>) {
    into = static_cast<T>(from.integer());
  } else if constexpr (std::floating_point<T>) {
    into = static_cast<T>(from.real());
  } else if constexpr (std::same_as<T, Json>) {
    into = from;
  } else if constexpr (std::same_as<T, Value>) {
    into = raw(from.toText());
  } else if constexpr (Readable<T>) {
    mortiseReadJson(from, into);
  } else if constexpr (std::constructible_from<T, std::nullopt_t>) {
    into = std::nullopt;
    if (from.isNull()) return;
    typename T::value_type value{};
    read(from, value);
    into = std::move(value);
  } else if constexpr (requires { typename T::mapped_type; }) {
    into.clear();
    for (const auto& [name, node] : from.members()) read(node, into[name.string()]);
  } else {
    into.clear();
    into.reserve(from.isList() ? from.size() : 0);
    for (const Json element : from) {
      typename T::value_type value{};
      read(element, value);
      into.push_back(std::move(value));
    }
  }
}

// The same for one member of an object. Without the member `into` stays as it is: absent, or the contract's default.
template <class T>
void readMember(const Json& object, std::string_view name, T& into) {
  const Json node = object[name];
  if (node.exists()) read(node, into);
}

}  // namespace json
}  // namespace mortise::inline sdk1
