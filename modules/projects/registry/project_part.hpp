// What each face does when a project, or a person, goes: the interface that module.cpp hands to the registry.
#pragma once

#include <mortise/db.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace projects {

// What becomes of a persona of the merged project whose name the other project has, too.
enum class PersonaPolicy : std::uint8_t { rename, skip, mergeContent };

// An entry of the merged project that says what one of the other says.
struct EntryDuplicate {
  std::int64_t sourceId = 0;
  std::string entryType;
  std::int64_t targetId = 0;
};

// A merge while it goes on. A dry run is the same work in a transaction that is rolled back, so that it tells what a
// merge would do: no part asks which of the two it is.
struct ProjectMerge {
  std::string from;  // its id; gone afterwards but for its row
  std::string into;
  PersonaPolicy personaPolicy = PersonaPolicy::rename;
  std::string byUser;
  mortise::Time at;

  // The answer, filled by the parts, in the order of the list in module.cpp. Personas and pages come first: the parts
  // behind them write the new names into their own rows.
  std::map<std::string, std::int64_t> stats;          // rows that moved, by what they are: "tickets"
  std::vector<std::string> personaCollisions;         // names that both projects have
  std::map<std::string, std::string> personaRenames;  // old name -> name in the other project
  std::vector<std::string> slugCollisions;
  std::map<std::string, std::string> slugRenames;
  std::vector<EntryDuplicate> entryDuplicates;
  std::vector<std::int64_t> skippedEntries;
  std::vector<std::int64_t> skippedLinks;
  std::string rulesAction = "none";
  // Why the merge can't be: the first part that finds something says it. The registry undoes everything then.
  std::optional<std::string> blockingReason;
};

// Implemented by each folder that keeps something of a project or of a person. [worker]; every member throws db::Error.
class ProjectPart {
 public:
  virtual ~ProjectPart() = default;

  // The project is gone for good: so is all that this part keeps of it.
  virtual void removed(mortise::Transaction& tx, std::string_view projectId) = 0;
  // One project goes into another: moves what this part keeps of it, and counts it in `merge`.
  virtual void merged(mortise::Transaction& tx, ProjectMerge& merge) = 0;
  // The account is gone: so is what this part keeps for it alone (bookmarks, cursors). What others read stays, and names
  // an account that is not there any more.
  virtual void userForgotten(mortise::Transaction&, std::string_view /*userId*/) {}
};

}  // namespace projects
