// What stands in for a name that a skill does not give itself.
#pragma once

#include <string>
#include <string_view>

namespace skills {

// The first "#" heading of `body`, else the last segment of `sourceRef`; at most 200 characters.
std::string fallbackName(std::string_view body, std::string_view sourceRef);

}  // namespace skills
