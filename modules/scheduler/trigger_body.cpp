#include "trigger_body.hpp"

#include <mortise/paging.hpp>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>

namespace scheduler {
namespace {

using mortise::Json;
using mortise::Problem;

Json scalarOf(const Json& body, std::string_view name) {
  const auto value = body[name];
  return value.isList() && value.size() > 0 ? value[value.size() - 1] : value;
}

// The text of a member of a trigger. Problem 400 when it is too long.
std::string fieldOf(const Json& body, std::string_view name) {
  auto text = textOf(body, name);
  if (text.size() > MORTISE_TRIGGER_FIELD_MAX)
    throw Problem(400, "scheduler_field_too_long")
        .with("field", std::string(name))
        .with("most", MORTISE_TRIGGER_FIELD_MAX);
  return text;
}

std::string firstOf(const Json& body, std::initializer_list<std::string_view> names) {
  for (const auto name : names) {
    if (auto text = fieldOf(body, name); !text.empty()) return text;
  }
  return {};
}

// The number of units in a member of an interval; 0 when it is no number.
std::int64_t countOf(const Json& body, std::string_view name) {
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  const auto value = scalarOf(body, name);
  if (value.isBoolean()) return value.boolean() ? 1 : 0;
  if (value.isInteger()) return std::max<std::int64_t>(0, value.integer());
  if (value.isNumber()) {
    const auto real = std::trunc(value.real());
    if (!(real > 0)) return 0;
    return real < static_cast<double>(kMax) ? static_cast<std::int64_t>(real) : kMax;
  }
  return std::max<std::int64_t>(0, mortise::wholeNumber(value.text()).value_or(0));
}

}  // namespace

std::string textOf(const Json& body, std::string_view name) {
  const auto value = scalarOf(body, name);
  if (value.isNull()) return {};
  std::string text = value.isText() ? value.text().string() : value.toText();
  text.erase(std::remove(text.begin(), text.end(), '\0'), text.end());
  return std::string(mortise::trimmed(text));
}

mortise::Trigger triggerFrom(const Json& body) {
  mortise::Trigger trigger;
  trigger.type = fieldOf(body, "trigger_type");
  if (trigger.type.empty()) throw Problem(400, "scheduler_trigger_type_missing");
  trigger.timezone = fieldOf(body, "timezone");
  trigger.cronExpression = fieldOf(body, "cron_expression");
  trigger.second = firstOf(body, {"cron_second", "second"});
  trigger.minute = firstOf(body, {"cron_minute", "minute"});
  trigger.hour = firstOf(body, {"cron_hour", "hour"});
  trigger.day = firstOf(body, {"cron_day", "day"});
  trigger.month = firstOf(body, {"cron_month", "month"});
  trigger.weekday = firstOf(body, {"cron_weekday", "cron_day_of_week", "day_of_week", "weekday"});
  trigger.year = fieldOf(body, "year");
  trigger.weeks = countOf(body, "weeks");
  trigger.days = countOf(body, "days");
  trigger.hours = countOf(body, "hours");
  trigger.minutes = countOf(body, "minutes");
  trigger.seconds = countOf(body, "seconds");
  // A number is no date, even when its digits could be read as one.
  if (scalarOf(body, "run_date").isText()) trigger.runDate = fieldOf(body, "run_date");
  return trigger;
}

}  // namespace scheduler
