// Text as a JSON string. The build tools stand on yaml-cpp alone, so they write their few strings themselves.
#pragma once

#include <string>
#include <string_view>

namespace mortise::embed {

// With quotes; UTF-8 is kept, control characters are escaped.
std::string jsonText(std::string_view text);

}  // namespace mortise::embed
