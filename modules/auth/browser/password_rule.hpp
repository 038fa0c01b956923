// The rule for new passwords of the unified family. Plain C++.
#pragma once

#include <string_view>

namespace auth {

// 8 to 128 characters (code points of UTF-8), among them an upper-case letter, a lower-case letter and a digit of
// ASCII.
bool isStrongPassword(std::string_view password);

}  // namespace auth
