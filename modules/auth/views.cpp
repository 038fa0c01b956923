#include "views.hpp"

namespace auth {

std::optional<std::string> textOrNull(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

std::optional<std::string> timeOrNull(std::int64_t microseconds, mortise::TimeForm form) {
  return microseconds == 0 ? std::nullopt : std::optional(mortise::isoTime(mortise::timeOf(microseconds), form));
}

}  // namespace auth
