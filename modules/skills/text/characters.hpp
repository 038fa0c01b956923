// Lengths in characters. Bytes that are no character count as one each.
#pragma once

#include <cstddef>
#include <string_view>

#include "text/unicode.hpp"

namespace skills {

// What begins `text`, which is not empty; U+FFFD of one byte for what is no character.
CodePoint characterOf(std::string_view text) noexcept;
std::size_t charactersIn(std::string_view text) noexcept;
// The first `most` characters.
std::string_view firstCharacters(std::string_view text, std::size_t most) noexcept;

}  // namespace skills
