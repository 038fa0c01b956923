// A manifest from the JSON that it is written in. These throw Problem 422 that names the field and the rule; commands are
// checked against the install-time rules.
#pragma once

#include <string_view>

#include "reading/manifest.hpp"

namespace skills {

// The front matter (a JSON object, or "{}"): everything may be absent, an unknown runtime_type counts as native.
Manifest manifestFromFrontMatter(std::string_view json, std::string_view fallback);
// The manifest of a request: name and a valid runtime_type are required; at most 256 KiB.
Manifest manifestFromRequest(std::string_view json);
// What manifestJson() wrote.
Manifest manifestFromDisk(std::string_view json);

}  // namespace skills
