// When a job runs. Text to trigger, trigger to next time; nothing else. UTC only: time zones come with the scheduler.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/services/service_error.hpp"

namespace mortise::services {

// "cron: 0 4 * * *"              5 fields (minute hour day month weekday), 6 (second first) or 7 (year last); weekday 0
// is MONDAY, day and
//                                weekday are combined with AND (../shared/contracts/scheduler-and-sync-sessions.md,
//                                section 6)
// "every: PT5M"                  ISO 8601 duration of whole seconds in weeks, days, hours, minutes, seconds; counts
// from the epoch "at: 2030-01-01T00:00:00Z"     once
class Trigger {
 public:
  // `zone`: "" or "UTC". Throws ServiceError{invalid}: field, value, rule.
  static Trigger parse(std::string_view text, std::string_view zone = {});
  ~Trigger();
  Trigger(const Trigger&);
  Trigger& operator=(const Trigger&);
  Trigger(Trigger&&) noexcept;
  Trigger& operator=(Trigger&&) noexcept;

  // Earliest fire time at or after `fromMicros` (a fraction of a second is rounded up first). nullopt: never again.
  std::optional<std::int64_t> next(std::int64_t fromMicros) const;
  const std::string& text() const { return text_; }

 private:
  struct Rule;
  Trigger(std::string text, std::shared_ptr<const Rule> rule);
  std::string text_;
  std::shared_ptr<const Rule> rule_;
};

}  // namespace mortise::services
