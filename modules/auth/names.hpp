// What user names of the runtime family may hold. Plain C++.
#pragma once

#include <string>
#include <string_view>

namespace auth {

// Runtime family: 3-30 ASCII letters, digits and underscores. The contract states the same rule; this is for names from
// elsewhere.
bool isRuntimeUsername(std::string_view name);
// The form in which runtime names are compared.
std::string foldUsername(std::string_view name);

}  // namespace auth
