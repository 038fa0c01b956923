// Members of bodies that hold a text, as handlers want them.
#pragma once

#include <mortise/body_member.hpp>
#include <mortise/names.hpp>
#include <mortise/paging.hpp>
#include <mortise/text.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace projects {

// Without the white space around it; empty: absent, null or blank.
inline std::optional<std::string> trimmedOrNull(const mortise::BodyMember<std::string>& member) {
  return member.has() ? mortise::orNull(mortise::trimmed(*member)) : std::nullopt;
}

// The enumerator of a name which the contract has checked.
template <class Enum>
Enum named(std::string_view name) {
  Enum value{};
  if (!mortise::detail::readName(name, value)) throw std::logic_error("a contract allows a name that its enum lacks");
  return value;
}
// Empty: absent or null.
template <class Enum>
std::optional<Enum> namedOrNull(const mortise::BodyMember<std::string>& member) {
  return member.has() ? std::optional(named<Enum>(*member)) : std::nullopt;
}

}  // namespace projects
