// Enums by name: how they stand in columns and in JSON.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string_view>
#include <type_traits>

namespace mortise::inline sdk1 {

// One enumerator and its name.
template <class Enum>
struct Name {
  Enum value;
  std::string_view name;
};

// The names of an enum, stated beside it, in its own namespace:
//   enum class State { open, inProgress, closed };
//   constexpr auto mortiseNames(State) {
//     return mortise::names<State>({{State::open, "open"}, {State::inProgress, "in_progress"}, {State::closed, "closed"}});
//   }
// From then on columns (TEXT), parameters and fields may have that type. A value without a name throws
// std::logic_error where it is written.
template <class Enum, std::size_t Size>
struct Names {
  Name<Enum> list[Size];
};
template <class Enum, std::size_t Size>
constexpr Names<Enum, Size> names(const Name<Enum> (&list)[Size]) {
  Names<Enum, Size> out{};
  for (std::size_t i = 0; i < Size; ++i) out.list[i] = list[i];
  return out;
}

namespace detail {

[[noreturn]] inline void enumWithoutName() { throw std::logic_error("an enumerator has no name in mortiseNames()"); }

template <class Enum>
inline constexpr auto kNamesOf = mortiseNames(Enum());

template <class Enum>
constexpr std::string_view nameOf(Enum value) {
  for (const auto& each : kNamesOf<Enum>.list) {
    if (each.value == value) return each.name;
  }
  enumWithoutName();
}
// False when no enumerator has that name.
template <class Enum>
bool readName(std::string_view name, Enum& into) noexcept {
  for (const auto& each : kNamesOf<Enum>.list) {
    if (each.name != name) continue;
    into = each.value;
    return true;
  }
  return false;
}

// Time, told by its form: db.hpp and json.hpp need no <chrono> for it.
template <class T, class = void>
inline constexpr bool kIsTime = false;
template <class T>
inline constexpr bool kIsTime<T, std::void_t<typename T::clock, typename T::duration>> =
    T::duration::period::num == 1 && T::duration::period::den == 1000000;

}  // namespace detail
}  // namespace mortise::inline sdk1
