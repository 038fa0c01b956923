// UTF-8 of others, as this module stores it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace utf8 {

// Bytes of the character that begins at `at`; 0 when none does, or a NUL.
std::size_t characterAt(std::string_view text, std::size_t at);

// True when `text` is UTF-8 without NUL.
bool isText(std::string_view text);

// At most `most` characters of `text`. NULs are dropped, since PostgreSQL takes none; a byte that begins no character
// becomes U+FFFD.
std::string storable(std::string_view text, std::size_t most);

}  // namespace utf8
