#include "password_rule.hpp"

#include <mortise/characters.hpp>

#include <algorithm>

namespace auth {

bool isStrongPassword(std::string_view password) {
  constexpr std::size_t kMinLength = 8, kMaxLength = 128;
  const auto has = [&](char first, char last) {
    return std::any_of(password.begin(), password.end(), [=](char c) { return c >= first && c <= last; });
  };
  const auto length = mortise::characterCount(password);
  return length >= kMinLength && length <= kMaxLength && has('A', 'Z') && has('a', 'z') && has('0', '9');
}

}  // namespace auth
