// How much looking for a trigger's next time may cost.
#pragma once

#include <cstdint>
#include <string>

#include "core/services/jobs/trigger_error.hpp"

namespace mortise::services {

// A step is one month that is looked at. One budget may pay for several searches, and is used up over all of them.
class SearchBudget {
 public:
  // More than any one search needs: ten times all the months from 1970 to 9999.
  static constexpr std::int64_t kOneSearch = 1'000'000;

  explicit SearchBudget(std::int64_t steps = kOneSearch) : steps_(steps), left_(steps) {}
  // Throws TriggerError when the budget is used up.
  void spend() {
    if (left_-- > 0) return;
    throw TriggerError("trigger",
                       "year, month, day and weekday: they match so rarely that the next time was not found in " +
                           std::to_string(steps_) + " months");
  }

 private:
  std::int64_t steps_;
  std::int64_t left_;
};

}  // namespace mortise::services
