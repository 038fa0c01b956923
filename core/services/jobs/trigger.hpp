// When a job runs: cron, interval or date. The kernel's only type for it: created from a text (module.yaml, jobs/1, the
// database) or from mortise_trigger (scheduler/1), its form at the boundary.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/services/jobs/cron_field.hpp"
#include "core/services/jobs/search_budget.hpp"
#include "core/services/jobs/time_zone.hpp"
#include "core/services/jobs/trigger_error.hpp"
#include "mortise/abi/scheduler.h"

namespace mortise::services {

// A value; copies share the parsed data. Equal when text and zone are.
class Trigger {
 public:
  enum class Kind : std::uint8_t { cron, interval, date };
  // Of parse(): seven fields of the greatest length, with their names.
  static constexpr std::size_t kMaxText = 4096;

  Trigger();  // never fires

  // "cron: 0 4 * * *"              5 parts (minute hour day month weekday), 6 (second first) or 7 (year last);
  //                                weekday 0 is Monday, day and weekday are combined with AND
  // "cron: hour=4 day='2nd fri'"   single fields: year month day day_of_week hour minute second
  // "every: PT5M"                  ISO 8601 duration of whole seconds in weeks, days, hours, minutes, seconds; counts
  //                                from the epoch, or "every: PT5M from 2030-01-01T00:00:00Z"
  // "at: 2030-01-01T00:00:00Z"     once
  // `zone`: IANA name for cron, and for times without an offset; empty: UTC. Throws TriggerError: field, value, rule,
  // also for a text of more than kMaxText bytes.
  static Trigger parse(std::string_view text, std::string_view zone = {});
  // `defaultZone` counts where the request names none. An interval fires first one interval after `nowMicros`. Throws
  // TriggerError, also for a field of more than MORTISE_TRIGGER_FIELD_MAX bytes.
  static Trigger from(const mortise_trigger& request, std::string_view defaultZone, std::int64_t nowMicros);
  // Like parse(), for texts of the database: an unreadable one (for example with a zone that the system's data lacks)
  // keeps its text and zone, never fires, and requireReadable() throws its TriggerError.
  static Trigger stored(std::string_view text, std::string_view zone);
  void requireReadable() const;

  // Earliest fire time at or after `fromMicros`. nullopt: never again. With a budget of the caller's own: throws
  // TriggerError when that is used up first.
  std::optional<std::int64_t> next(std::int64_t fromMicros) const;
  std::optional<std::int64_t> next(std::int64_t fromMicros, SearchBudget& budget) const;
  // Latest fire time from `fromMicros` to `untilMicros`, both included.
  std::optional<std::int64_t> latest(std::int64_t fromMicros, std::int64_t untilMicros) const;

  Kind kind() const;
  const char* kindName() const;  // cron, interval, date
  // Read by parse(), together with zone().
  const std::string& text() const;
  const std::string& zone() const;
  // "cron[hour='1', minute='0']", "interval[0:15:00]", "date[2030-01-01 19:04:00 UTC]"
  std::string description() const;
  // The effective text of each cron field; empty texts for other kinds.
  CronTexts fields() const;
  // A fire time in the trigger's zone.
  std::string shown(std::int64_t micros) const;

  bool operator==(const Trigger& other) const { return text() == other.text() && zone() == other.zone(); }

 private:
  struct Rule;
  static Trigger read(std::string_view text, std::string_view zone);
  explicit Trigger(std::shared_ptr<const Rule> rule) : rule_(std::move(rule)) {}
  std::shared_ptr<const Rule> rule_;
};

}  // namespace mortise::services
