#include "names.hpp"

#include <algorithm>

namespace auth {

bool isRuntimeUsername(std::string_view name) {
  return name.size() >= 3 && name.size() <= 30 && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
         });
}

std::string foldUsername(std::string_view name) {
  std::string folded(name);
  std::transform(folded.begin(), folded.end(), folded.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return folded;
}

}  // namespace auth
