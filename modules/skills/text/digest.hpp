// Digests as lower-case hexadecimal text.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace skills {

// Of the pieces put together.
std::string sha1Hex(std::initializer_list<std::string_view> pieces);
std::string sha256Hex(std::initializer_list<std::string_view> pieces);

}  // namespace skills
