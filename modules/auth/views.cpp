#include "views.hpp"

namespace auth {

std::optional<std::string> timeOrNull(std::int64_t microseconds, mortise::TimeForm form) {
  return microseconds == 0 ? std::nullopt : std::optional(mortise::isoTime(mortise::timeOf(microseconds), form));
}

}  // namespace auth
