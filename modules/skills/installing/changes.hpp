// Tells other modules and servers that a skill changed: the event "skills.changed", {"id", "change"}.
#pragma once

#include <mortise/events.hpp>
#include <mortise/log.hpp>

#include <optional>
#include <string_view>

namespace skills {

class Changes {
 public:
  Changes(std::optional<mortise::Events> events, mortise::Log log) : events_(events), log_(log) {}
  // `change`: installed, updated, enabled, disabled, deleted. Nothing depends on it, so it never fails.
  void announce(std::string_view id, std::string_view change) const noexcept;

 private:
  std::optional<mortise::Events> events_;
  mortise::Log log_;
};

}  // namespace skills
