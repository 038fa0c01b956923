// What user names, nicknames and profile texts may hold. Plain C++; texts are valid UTF-8 (the kernel has checked it).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace auth {

// Runtime family: 3-30 ASCII letters, digits and underscores. The contract states the same rule; this is for names from
// elsewhere.
bool isRuntimeUsername(std::string_view name);
// The form in which runtime names are compared.
std::string foldUsername(std::string_view name);
// No control characters (U+0000-1F, U+007F-9F).
bool isOneLine(std::string_view text);
// As isOneLine, but LF, CR and CR LF are fine.
bool isMultiLine(std::string_view text);
// The first `count` characters (code points), cut between two of them.
std::string firstCharacters(std::string_view text, std::size_t count);

}  // namespace auth
