// Offsets of one IANA zone over all time, from the system's zone data (docs/decisions/0010).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::services {

// Immutable and shared. All times are seconds since the epoch; a civil time counts them as if the zone were UTC.
class TimeZone {
 public:
  // The same offset holds from `start` to before `end`.
  struct Segment {
    std::int64_t start = 0;
    std::int64_t end = 0;
    std::int64_t offset = 0;  // civil minus UTC
  };

  // Null when the zone data has no such zone. "UTC" always exists. [any thread]
  static std::shared_ptr<const TimeZone> find(std::string_view name);
  static const std::shared_ptr<const TimeZone>& utc();

  const std::string& name() const { return name_; }
  Segment at(std::int64_t instant) const;
  // A civil time that occurs twice: the first; one that the clock skips: with the offset before the change.
  std::int64_t instantOf(std::int64_t civil) const;

 private:
  struct Change {
    std::int64_t instant = 0;
    std::int64_t offset = 0;  // from then on
  };
  explicit TimeZone(std::string name) : name_(std::move(name)) {}
  static std::shared_ptr<const TimeZone> load(const std::string& name);

  std::string name_;
  std::int64_t first_ = 0;  // offset before all changes
  std::vector<Change> changes_;
  bool repeats_ = false;  // the last 400 years of changes_ repeat
};

}  // namespace mortise::services
