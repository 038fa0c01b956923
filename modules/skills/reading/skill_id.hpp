// The names that a skill goes by: its slug, which people see, and its id, which is the name of its directory.
#pragma once

#include <string>
#include <string_view>

namespace skills {

// Runs of what is no ASCII letter or digit become "-"; lower case; at most 64 bytes. Text without any letter or digit
// gives "skill-" and 8 hex digits of its SHA-1, empty text "skill".
std::string slugOf(std::string_view text);
// SLUG--HASH, the hash of where the skill came from first.
std::string idOf(std::string_view slug, std::string_view sourceType, std::string_view sourceRef);
// [a-z0-9-]+--[0-9a-f]{8}, at most 100 bytes: safe as the name of a directory.
bool isSkillId(std::string_view text);

}  // namespace skills
