#pragma once

#include <algorithm>
#include <string_view>

namespace agent::sandbox {

// Whether `word` stands in a list whose words `separator` parts.
inline bool hasWord(std::string_view list, std::string_view word, char separator) {
  for (std::size_t at = 0; at < list.size();) {
    const auto end = std::min(list.find(separator, at), list.size());
    if (list.substr(at, end - at) == word) return true;
    at = end + 1;
  }
  return false;
}

}  // namespace agent::sandbox
