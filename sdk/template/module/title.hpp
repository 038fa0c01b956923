// Plain C++: knows neither requests nor SQL, so its tests start nothing.
#pragma once

#include <string>
#include <string_view>

namespace @name@ {

// The first line of a text, without blanks around it.
std::string titleOf(std::string_view text);

}  // namespace @name@
