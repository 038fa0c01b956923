#include "password_rule.hpp"

#include <mortise/characters.hpp>

#include <algorithm>

namespace auth {

bool isStrongPassword(std::string_view password) {
  constexpr std::size_t kShortest = 8, kLongest = 128;
  const auto has = [&](char first, char last) {
    return std::any_of(password.begin(), password.end(), [=](char c) { return c >= first && c <= last; });
  };
  const auto length = mortise::characterCount(password);
  return length >= kShortest && length <= kLongest && has('A', 'Z') && has('a', 'z') && has('0', '9');
}

}  // namespace auth
