#include "password_rule.hpp"

#include <algorithm>

namespace auth {

bool isStrongPassword(std::string_view password) {
  constexpr auto kShortest = 8, kLongest = 128;
  const auto has = [&](char first, char last) {
    return std::any_of(password.begin(), password.end(), [=](char c) { return c >= first && c <= last; });
  };
  const auto isCharacterStart = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  const auto length = std::count_if(password.begin(), password.end(), isCharacterStart);
  return length >= kShortest && length <= kLongest && has('A', 'Z') && has('a', 'z') && has('0', '9');
}

}  // namespace auth
