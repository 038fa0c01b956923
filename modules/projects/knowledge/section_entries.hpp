// Which section of a context document tells which entries, and the manifest of a compilation, which says the same.
#pragma once

#include <mortise/db.hpp>
#include <mortise/time.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace projects {

using Manifest = std::map<std::string, std::vector<std::int64_t>>;  // slug of a section -> numbers

// {"key_decisions":[1,2]}
std::string manifestText(const Manifest& manifest);
// The same back; what is none counts as empty.
Manifest manifestOf(std::string_view text);
// All its numbers.
std::vector<std::int64_t> idsOf(std::string_view manifest);

// An entry behind a section.
struct SectionEntry {
  std::int64_t entryId = 0;
  std::string userId;
  std::optional<std::string> personaName;
  std::optional<mortise::Time> promotedAt;
  std::int64_t compilationId = 0;
};

// SQL, and only SQL. [worker]; every member throws db::Error.
class SectionEntries {
 public:
  SectionEntries(mortise::Db db, std::string_view projectId) : db_(db), projectId_(projectId) {}

  // Notes that this compilation wrote the entries there.
  void put(const Manifest& manifest, std::int64_t compilationId) const;
  // The newest entries behind a section that are not dismissed.
  std::vector<SectionEntry> of(std::string_view section, std::size_t limit) const;

 private:
  mortise::Db db_;
  std::string_view projectId_;
};

}  // namespace projects
