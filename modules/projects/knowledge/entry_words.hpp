// How the text of an entry stands in the index for parts of texts. Plain C++.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace projects {

inline constexpr std::size_t kLeastPart = 3;  // characters of a part that can be looked for

// In lower case, character by character (Unicode's simple case folding): what parts of texts are compared by.
std::string folded(std::string_view text);

// The words of an entry of that project, separated by blanks: each three characters in a row of its folded text, once.
std::string indexWords(std::string_view projectId, std::string_view content);

// The query that finds all entries whose text may hold `part`, for FTS5 or as a TSQUERY. Empty: `part` has less than
// three characters.
std::string indexQuery(std::string_view projectId, std::string_view part, bool isSqlite);

}  // namespace projects
