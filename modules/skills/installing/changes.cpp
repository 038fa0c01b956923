#include "installing/changes.hpp"

#include <mortise/json.hpp>

#include <exception>

namespace skills {

void Changes::announce(std::string_view id, std::string_view change) const noexcept {
  if (!events_) return;
  try {
    events_->publish("skills.changed", mortise::json::object({{"id", id}, {"change", change}}).text());
  } catch (const std::exception& error) {
    log_.warning("a change of a skill was not announced", {{"skill", id}, {"error", error.what()}});
  }
}

}  // namespace skills
