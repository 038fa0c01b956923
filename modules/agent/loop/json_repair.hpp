// JSON as language models write it: within prose or a code fence, with commas too many or too few, other quotes, comments,
// Python's words, line breaks in texts, and cut off at the end.
#pragma once

#include <rapidjson/document.h>

#include <string>
#include <string_view>

namespace agent {

// The first object in `text`, repaired where that is needed; false when there is none, or it nests deeper than 64 levels.
// Reads the first MiB.
bool repairJsonObject(std::string_view text, rapidjson::Document& into);

}  // namespace agent
