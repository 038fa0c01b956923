// Plain C++: knows neither requests nor SQL, so its tests start nothing.
#pragma once

#include <string>
#include <string_view>

namespace daily_notes {

// The first line of a text, without blanks around it.
std::string titleOf(std::string_view text);

}  // namespace daily_notes
