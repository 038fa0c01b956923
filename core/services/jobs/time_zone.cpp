#include "core/services/jobs/time_zone.hpp"

#include <absl/time/civil_time.h>
#include <absl/time/time.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <map>
#include <mutex>

namespace mortise::services {
namespace {

// The calendar repeats after 400 years, weekdays too, and so do the future rules of a zone.
constexpr std::int64_t kPeriod = 146097LL * 86400;
constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();
// 2300-01-01: a zone with known changes up to then has a rule without an end.
constexpr std::int64_t kFarFuture = 10413792000;
// The largest difference between two offsets of a zone.
constexpr std::int64_t kWidestChange = 26LL * 3600;

// Zone data is a directory of files, and the name becomes a path in it.
bool isZoneName(std::string_view name) {
  if (name.empty() || name.size() > 60 || name.front() == '/' || name.find("..") != std::string_view::npos)
    return false;
  // Names that are no zones: this machine's zone, the placeholder, those with leap seconds and their duplicates.
  for (const auto* other : {"localtime", "posixrules", "Factory", "right/", "posix/", "Fixed/"}) {
    if (name.starts_with(other)) return false;
  }
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '+' || c == '/';
  });
}

// Abseil keeps every name that it is asked for, also those that it does not find: names from outside are looked for
// here first.
bool hasData(const std::string& name) {
  const char* directory = std::getenv("TZDIR");
  if (directory == nullptr || *directory == '\0') directory = "/usr/share/zoneinfo";
  std::error_code failure;
  return std::filesystem::is_regular_file(std::filesystem::path(directory) / name, failure);
}

}  // namespace

std::shared_ptr<const TimeZone> TimeZone::load(const std::string& name) {
  if (!hasData(name)) return nullptr;
  absl::TimeZone zone;
  if (!absl::LoadTimeZone(name, &zone)) return nullptr;
  const std::shared_ptr<TimeZone> result(new TimeZone(name));
  const auto offsetAt = [&](absl::Time time) { return static_cast<std::int64_t>(zone.At(time).offset); };
  absl::Time time = absl::FromUnixSeconds(-(std::int64_t{1} << 40));
  result->first_ = offsetAt(time);
  std::int64_t offset = result->first_;
  absl::TimeZone::CivilTransition transition;
  while (zone.NextTransition(time, &transition)) {
    // For a civil time that the clock skips, or repeats, the library returns the instant of the change.
    const auto skipped = zone.At(transition.from);
    time = skipped.kind == absl::TimeZone::TimeInfo::SKIPPED ? skipped.trans : zone.At(transition.to).trans;
    const auto now = offsetAt(time);
    if (now != offset) result->changes_.push_back({absl::ToUnixSeconds(time), now});
    offset = now;
  }
  result->repeats_ = !result->changes_.empty() && result->changes_.back().instant > kFarFuture;
  return result;
}

const std::shared_ptr<const TimeZone>& TimeZone::utc() {
  static const std::shared_ptr<const TimeZone> kUtc(new TimeZone("UTC"));
  return kUtc;
}

std::shared_ptr<const TimeZone> TimeZone::find(std::string_view name) {
  if (name == "UTC") return utc();
  if (!isZoneName(name)) return nullptr;
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<const TimeZone>, std::less<>> zones;
  const std::lock_guard lock(mutex);
  const auto entry = zones.find(name);
  if (entry != zones.end()) return entry->second;
  auto zone = load(std::string(name));
  if (zone) zones.emplace(name, zone);
  return zone;
}

TimeZone::Segment TimeZone::at(std::int64_t instant) const {
  std::int64_t shift = 0;
  if (repeats_ && instant >= changes_.back().instant)
    shift = ((instant - changes_.back().instant) / kPeriod + 1) * kPeriod;
  const auto after = std::upper_bound(changes_.begin(), changes_.end(), instant - shift,
                                      [](std::int64_t time, const Change& change) { return time < change.instant; });
  Segment segment;
  segment.start = after == changes_.begin() ? -kForever : std::prev(after)->instant + shift;
  segment.end = after == changes_.end() ? kForever : after->instant + shift;
  segment.offset = after == changes_.begin() ? first_ : std::prev(after)->offset;
  return segment;
}

std::int64_t TimeZone::instantOf(std::int64_t civil) const {
  for (Segment segment = at(civil - kWidestChange);; segment = at(segment.end)) {
    if (segment.end == kForever) return civil - segment.offset;
    const auto ends = segment.end + std::max(segment.offset, at(segment.end).offset);
    if (civil < ends) return civil - segment.offset;
  }
}

}  // namespace mortise::services
