// What a message and a skill are compared by.
#pragma once

#include <functional>
#include <string_view>

namespace skills {

// Calls `use` for each token of `text`: runs of ASCII letters and digits in lower case, runs of CJK characters, and
// each CJK character by itself. A token may come more than once.
void eachToken(std::string_view text, const std::function<void(std::string_view)>& use);

}  // namespace skills
