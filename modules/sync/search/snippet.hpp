// The part of a text that shows why it was found.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "search/words.hpp"

namespace session_sharing {

// HTML of at most kMaxSnippetWords words of `text` (a character counts as one where no blanks are written) around as
// many of the terms as stand near each other, each in <mark>; everything else is escaped, on one line. Empty when none
// of the terms is there. [any]
inline constexpr std::size_t kMaxSnippetWords = 30;
std::string snippetOf(std::string_view text, const SearchTerms& terms);

}  // namespace session_sharing
