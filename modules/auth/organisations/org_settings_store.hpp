// What an organisation sets for its projects: SQL, and only SQL.
#pragma once

#include <mortise/db.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace auth {

// Empty: the server's default counts.
struct OrgSettings {
  std::optional<std::int64_t> retentionDays;
  std::optional<std::int64_t> maxContextWords;
  std::optional<std::int64_t> sectionPageLimit;
};

// Which of them to write; the others stay.
struct OrgSettingsChange {
  OrgSettings values;
  bool retentionDays = false;
  bool maxContextWords = false;
  bool sectionPageLimit = false;
};

// Every member throws mortise::db::Error. [worker]
class OrgSettingsStore {
 public:
  explicit OrgSettingsStore(mortise::Db db) : db_(db) {}

  OrgSettings read(std::string_view orgId) const;
  // One statement: two changes of different settings at once both count.
  void change(std::string_view orgId, const OrgSettingsChange& change) const;

 private:
  mortise::Db db_;
};

}  // namespace auth
