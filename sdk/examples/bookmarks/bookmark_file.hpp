// The text file of the export and the import. Plain C++: knows neither requests nor SQL, so its tests start nothing.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bookmarks {

// [lines]
// One line: an address, a tab and a title.
struct Line {
  std::string url;
  std::string title;
};

void appendLine(std::string& file, const Line& line);

// What a file says. `error` is the number of the first line that cannot be read, counted from 1, or 0; `lines` then
// ends before it. Empty lines are passed over.
struct Lines {
  std::vector<Line> lines;
  std::size_t error = 0;
};
Lines readLines(std::string_view file);
// [/lines]

}  // namespace bookmarks
