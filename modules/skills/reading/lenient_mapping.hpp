// A head of SKILL.md that is no YAML mapping, read line by line. One in nine public skills has a description with a colon
// in it and no quotes around it.
#pragma once

#include <string>
#include <string_view>

namespace skills {

// The keys `name`, `description` and `version` that begin a line of `matter`, as a JSON object; of a key twice the first.
// A value that is YAML by itself is read as such, any other is the text behind the colon; a description goes on over the
// indented lines below.
// `matter` has '\n' as its only line break.
std::string lenientMapping(std::string_view matter);

// Whether `matter` has tools, policy, security, activation or runtime_type where a key may stand.
bool mentionsRules(std::string_view matter);

}  // namespace skills
