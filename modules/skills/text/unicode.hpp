// UTF-8 as far as skills need it: whether it is, and names made fit for a message.
#pragma once

#include <mortise/characters.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace skills {

using mortise::CodePoint;
using mortise::firstCodePoint;

bool isUtf8(std::string_view text) noexcept;
void appendUtf8(std::string& out, std::uint32_t codePoint);  // a valid code point
// C0, DEL and C1 control characters.
bool isControl(std::uint32_t codePoint) noexcept;
// Marks that turn the reading direction, so that a name looks like another one.
bool isDirectionMark(std::uint32_t codePoint) noexcept;
// For messages: what is invalid, a control character or a direction mark stands as \xNN or \u{N}; at most 160 bytes,
// the rest as "...".
std::string printable(std::string_view text);

}  // namespace skills
