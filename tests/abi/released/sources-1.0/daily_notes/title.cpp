#include "title.hpp"

namespace daily_notes {

std::string titleOf(std::string_view text) {
  const auto line = text.substr(0, text.find('\n'));
  const auto first = line.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return std::string(line.substr(first, line.find_last_not_of(" \t\r") - first + 1));
}

}  // namespace daily_notes
