#include "core/services/jobs/trigger.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>
#include <utility>

#include "core/base/text.hpp"
#include "core/services/jobs/cron.hpp"
#include "core/services/jobs/moment.hpp"

namespace mortise::services {

struct Trigger::Rule {
  Kind kind = Kind::date;
  std::string text;
  std::shared_ptr<const TimeZone> zone;
  std::unique_ptr<const Cron> cron;
  std::int64_t every = 0;  // interval: seconds
  std::int64_t first = 0;  // interval, date: microseconds
  // Of a stored trigger that is unreadable.
  std::optional<TriggerError> fault;
  std::string storedZone;
};

namespace {

constexpr std::int64_t kMicros = 1'000'000;

[[noreturn]] void refuse(const std::string& why) { throw TriggerError("trigger", why); }

void requireShort(const char* field, std::string_view text, std::size_t most) {
  if (text.size() <= most) return;
  refuse(std::string(field) + ": " + std::to_string(text.size()) + " bytes; use at most " + std::to_string(most));
}

std::shared_ptr<const TimeZone> zoneOf(std::string_view name) {
  auto zone = TimeZone::find(name.empty() ? "UTC" : name);
  if (!zone) {
    throw TriggerError("timezone", "there is no time zone \"" + std::string(text::head(name, 60)) +
                                       "\"; use an IANA name like Europe/Berlin (Debian: package tzdata)");
  }
  return zone;
}

struct FieldName {
  const char* name;
  CronPart part;
};
// By significance: the order in which descriptions name them.
constexpr FieldName kFieldNames[] = {{"year", CronPart::year},    {"month", CronPart::month},
                                     {"day", CronPart::day},      {"day_of_week", CronPart::weekday},
                                     {"hour", CronPart::hour},    {"minute", CronPart::minute},
                                     {"second", CronPart::second}};

std::string& at(CronTexts& texts, CronPart part) { return texts[static_cast<std::size_t>(part)]; }

// "hour=4 day='2nd fri'"
CronTexts namedFields(std::string_view text) {
  CronTexts texts;
  for (text = text::trim(text); !text.empty(); text = text::trim(text)) {
    const auto equals = text.find('=');
    const auto name = text.substr(0, equals);
    const auto* field =
        std::find_if(std::begin(kFieldNames), std::end(kFieldNames), [&](const auto& one) { return name == one.name; });
    if (equals == std::string_view::npos || field == std::end(kFieldNames)) {
      refuse("cron \"" + std::string(text::head(name, 40)) +
             "\": write year=, month=, day=, day_of_week=, hour=, minute= or second=");
    }
    if (!at(texts, field->part).empty()) refuse("cron: " + std::string(name) + " is given twice");
    text.remove_prefix(equals + 1);
    const bool quoted = text.starts_with('\'');
    if (quoted) text.remove_prefix(1);
    const auto end = text.find_first_of(quoted ? "'" : " \t");
    if (quoted && end == std::string_view::npos) refuse("cron: a quote is not closed");
    at(texts, field->part) = text.substr(0, end);
    if (text::trim(at(texts, field->part)).empty()) refuse("cron: " + std::string(name) + " is empty");
    text.remove_prefix(std::min(text.size(), end == std::string_view::npos ? end : end + 1));
  }
  return texts;
}

std::string cronText(const Cron& cron) {
  std::string text = "cron:";
  for (const auto& [name, part] : kFieldNames) {
    if (!cron.isGiven(part)) continue;
    const auto& value = cron.text(part);
    const char* quote = value.find(' ') == std::string::npos ? "" : "'";
    text += std::string(" ") + name + "=" + quote + value + quote;
  }
  return text;
}

void requireInTime(std::int64_t seconds) {
  if (seconds <= 0) refuse("interval: the duration must be at least one second");
  if (seconds > kLastSecond) refuse("interval: the duration ends after the year 9999");
}

struct Unit {
  char letter;
  std::int64_t seconds;
};
constexpr Unit kDateUnits[] = {{'W', 604800}, {'D', 86400}};
constexpr Unit kTimeUnits[] = {{'H', 3600}, {'M', 60}, {'S', 1}};

void addSeconds(std::int64_t& total, std::int64_t count, std::int64_t unit) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(count, unit, &product) || __builtin_add_overflow(total, product, &total))
    refuse("interval: the duration ends after the year 9999");
}

// Reads "2H30M" style parts in the order of `units`; true when there was one.
bool readUnits(std::string_view& text, std::span<const Unit> units, std::int64_t& total, const std::string& shown) {
  bool any = false;
  auto unit = units.begin();
  while (!text.empty() && text.front() != 'T') {
    std::int64_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    const auto digits = static_cast<std::size_t>(read.ptr - text.data());
    if (read.ec != std::errc() || text.front() == '-' || digits == text.size())
      refuse("every \"" + shown + "\": a whole number and a unit are expected");
    unit = std::find_if(unit, units.end(), [&](const auto& candidate) { return candidate.letter == text[digits]; });
    if (unit == units.end())
      refuse("every \"" + shown + "\": only W, D, and after T: H, M, S, once each and in this order");
    addSeconds(total, number, unit->seconds);
    ++unit;
    any = true;
    text.remove_prefix(digits + 1);
  }
  return any;
}

// Whole seconds of "P1DT2H".
std::int64_t durationSeconds(std::string_view text) {
  const std::string shown(text::head(text, 80));
  if (!text.starts_with('P')) refuse("every \"" + shown + "\": write an ISO 8601 duration like PT5M or P1D");
  text.remove_prefix(1);
  std::int64_t total = 0;
  bool any = readUnits(text, kDateUnits, total, shown);
  if (!text.empty()) {
    text.remove_prefix(1);
    if (!readUnits(text, kTimeUnits, total, shown) || !text.empty())
      refuse("every \"" + shown + "\": nothing follows T");
    any = true;
  }
  if (!any) refuse("every \"" + shown + "\": the duration is empty");
  requireInTime(total);
  return total;
}

std::int64_t momentMicros(std::string_view field, std::string_view text, const TimeZone& zone) {
  const auto moment = readMoment(text, zone);
  if (!moment) {
    refuse(std::string(field) + " \"" + std::string(text::head(text, 80)) +
           "\": write a time like 2030-01-01T00:00:00Z");
  }
  return moment->micros / kMicros * kMicros;
}

std::string atText(std::int64_t micros) { return "at: " + writeMoment(micros, *TimeZone::utc()); }

std::string_view view(mortise_str text) {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}
std::string_view trimmed(mortise_str text) { return text::trim(view(text)); }

}  // namespace

Trigger::Trigger() {
  static const Trigger never = parse("at: 1970-01-01T00:00:00Z");
  rule_ = never.rule_;
}

Trigger Trigger::stored(std::string_view text, std::string_view zone) {
  try {
    return read(text, zone);
  } catch (const TriggerError& error) {
    auto rule = std::make_shared<Rule>();
    rule->text = text;
    rule->zone = TimeZone::utc();
    rule->storedZone = zone;
    rule->fault = error;
    return Trigger(std::move(rule));
  }
}

void Trigger::requireReadable() const {
  if (rule_->fault) throw TriggerError(*rule_->fault);
}

Trigger Trigger::parse(std::string_view input, std::string_view zone) {
  requireShort("text", input, kMaxText);
  return read(input, zone);
}

Trigger Trigger::read(std::string_view input, std::string_view zone) {
  const auto colon = input.find(':');
  const auto kind = text::trim(input.substr(0, colon));
  if (colon == std::string_view::npos || (kind != "cron" && kind != "every" && kind != "at"))
    refuse("\"" + std::string(text::head(input, 80)) + "\" starts with neither \"cron:\", \"every:\" nor \"at:\"");
  const auto rest = text::trim(input.substr(colon + 1));
  auto rule = std::make_shared<Rule>();
  rule->zone = zoneOf(zone);
  if (kind == "cron") {
    rule->kind = Kind::cron;
    rule->cron =
        std::make_unique<Cron>(rest.find('=') == std::string_view::npos ? Cron::split(rest) : namedFields(rest));
    rule->text = cronText(*rule->cron);
  } else if (kind == "every") {
    rule->kind = Kind::interval;
    const auto blank = rest.find(" from ");
    rule->every = durationSeconds(text::trim(rest.substr(0, blank)));
    if (blank != std::string_view::npos) {
      const auto from = readMoment(rest.substr(blank + 6), *rule->zone);
      if (!from) refuse("every: from: write a time like 2030-01-01T00:00:00Z");
      rule->first = from->micros;
    }
    rule->text = std::string(input);
  } else {
    rule->first = momentMicros("at", rest, *rule->zone);
    rule->text = atText(rule->first);
  }
  return Trigger(std::move(rule));
}

Trigger Trigger::from(const mortise_trigger& request, std::string_view defaultZone, std::int64_t nowMicros) {
  const std::pair<const char*, mortise_str> fields[] = {{"cron expression", request.cron_expression},
                                                        {"second", request.second},
                                                        {"minute", request.minute},
                                                        {"hour", request.hour},
                                                        {"day", request.day},
                                                        {"month", request.month},
                                                        {"weekday", request.weekday},
                                                        {"year", request.year},
                                                        {"run_date", request.run_date}};
  for (const auto& [name, text] : fields) requireShort(name, view(text), MORTISE_TRIGGER_FIELD_MAX);
  auto rule = std::make_shared<Rule>();
  const auto type = trimmed(request.type);
  if (type == "cron") {
    rule->kind = Kind::cron;
    const auto zone = trimmed(request.timezone);
    rule->zone = zoneOf(zone.empty() ? defaultZone : zone);
    CronTexts texts;
    if (!trimmed(request.cron_expression).empty()) texts = Cron::split(view(request.cron_expression));
    for (std::size_t i = 0; i < kCronParts; ++i) {
      if (const auto field = trimmed(fields[i + 1].second); !field.empty()) texts[i] = field;
    }
    rule->cron = std::make_unique<Cron>(texts);
    rule->text = cronText(*rule->cron);
  } else if (type == "interval") {
    rule->kind = Kind::interval;
    rule->zone = zoneOf(defaultZone);
    const std::pair<std::int64_t, std::int64_t> parts[] = {{request.weeks, 604800},
                                                           {request.days, 86400},
                                                           {request.hours, 3600},
                                                           {request.minutes, 60},
                                                           {request.seconds, 1}};
    for (const auto& [count, seconds] : parts) {
      if (count > 0) addSeconds(rule->every, count, seconds);
    }
    requireInTime(rule->every);
    if (rule->every > kLastSecond - nowMicros / kMicros) refuse("interval: its first run comes after the year 9999");
    rule->first = nowMicros + rule->every * kMicros;
    rule->text = fmt::format("every: PT{}S from {}", rule->every, writeMoment(rule->first, *TimeZone::utc()));
  } else if (type == "date") {
    if (trimmed(request.run_date).empty()) refuse("date: run_date is missing");
    rule->zone = TimeZone::utc();
    rule->first = momentMicros("run_date", view(request.run_date), *zoneOf(defaultZone));
    rule->text = atText(rule->first);
  } else {
    throw TriggerError("trigger_type",
                       "type \"" + std::string(text::head(type, 40)) + "\": use cron, interval or date");
  }
  return Trigger(std::move(rule));
}

std::optional<std::int64_t> Trigger::next(std::int64_t fromMicros) const {
  SearchBudget budget;
  return next(fromMicros, budget);
}

std::optional<std::int64_t> Trigger::next(std::int64_t fromMicros, SearchBudget& budget) const {
  const auto& rule = *rule_;
  if (rule.fault) return std::nullopt;
  if (rule.kind == Kind::cron) {
    const auto from = fromMicros / kMicros + (fromMicros > 0 && fromMicros % kMicros != 0 ? 1 : 0);
    const auto second = rule.cron->next(from, *rule.zone, budget);
    return second ? std::optional(*second * kMicros) : std::nullopt;
  }
  if (fromMicros <= rule.first) return rule.first;
  if (rule.kind == Kind::date) return std::nullopt;
  const auto every = rule.every * kMicros;
  const auto time = rule.first + (fromMicros - rule.first + every - 1) / every * every;
  return time / kMicros <= kLastSecond ? std::optional(time) : std::nullopt;
}

std::optional<std::int64_t> Trigger::latest(std::int64_t fromMicros, std::int64_t untilMicros) const {
  if (rule_->fault) return std::nullopt;
  if (rule_->kind != Kind::cron) {
    if (untilMicros < rule_->first) return std::nullopt;
    const auto every = rule_->every * kMicros;
    const auto time =
        rule_->kind == Kind::date ? rule_->first : rule_->first + (untilMicros - rule_->first) / every * every;
    return time >= fromMicros ? std::optional(time) : std::nullopt;
  }
  // Looks back twice as far each time; then halves the stretch behind the latest match that is known.
  for (std::int64_t back = kMicros;; back *= 2) {
    const auto start = std::max(fromMicros, untilMicros - back);
    auto latest = next(start);
    if (latest && *latest <= untilMicros) {
      for (auto end = untilMicros; *latest < end;) {
        const auto middle = *latest + (end - *latest + 1) / 2;
        if (const auto later = next(middle); later && *later <= end) {
          latest = later;
        } else {
          end = middle - 1;
        }
      }
      return latest;
    }
    if (start == fromMicros) return std::nullopt;
  }
}

Trigger::Kind Trigger::kind() const { return rule_->kind; }

const char* Trigger::kindName() const {
  switch (rule_->kind) {
    case Kind::cron:
      return "cron";
    case Kind::interval:
      return "interval";
    case Kind::date:
      break;
  }
  return "date";
}

const std::string& Trigger::text() const { return rule_->text; }
const std::string& Trigger::zone() const { return rule_->fault ? rule_->storedZone : rule_->zone->name(); }

std::string Trigger::description() const {
  const auto& rule = *rule_;
  if (rule.kind == Kind::interval) {
    const auto days = rule.every / 86400;
    std::string text = "interval[";
    if (days > 0) text += fmt::format("{} day{}, ", days, days == 1 ? "" : "s");
    return text + fmt::format("{}:{:02}:{:02}]", rule.every / 3600 % 24, rule.every / 60 % 60, rule.every % 60);
  }
  if (rule.kind == Kind::date) {
    const auto moment = writeMoment(rule.first, *TimeZone::utc());
    return "date[" + moment.substr(0, 10) + " " + moment.substr(11, 8) + " UTC]";
  }
  std::string text;
  for (const auto& [name, part] : kFieldNames) {
    if (rule.cron->isGiven(part))
      text += fmt::format("{}{}='{}'", text.empty() ? "" : ", ", name, rule.cron->text(part));
  }
  return "cron[" + text + "]";
}

CronTexts Trigger::fields() const {
  CronTexts texts;
  if (!rule_->cron) return texts;
  for (std::size_t i = 0; i < kCronParts; ++i) texts[i] = rule_->cron->text(static_cast<CronPart>(i));
  return texts;
}

std::string Trigger::shown(std::int64_t micros) const { return writeMoment(micros, *rule_->zone); }

}  // namespace mortise::services
