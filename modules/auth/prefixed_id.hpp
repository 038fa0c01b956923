#pragma once

#include <string>
#include <string_view>

namespace auth {

// `prefix` and 16 random lowercase hex digits: "inv_0123456789abcdef".
std::string makePrefixedId(std::string_view prefix);

}  // namespace auth
