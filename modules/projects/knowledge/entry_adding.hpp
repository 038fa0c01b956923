// Adds entries to a project's knowledge: the one place that classifies, looks for near-duplicates and counts.
#pragma once

#include <mortise/config.hpp>
#include <mortise/db.hpp>
#include <mortise/host.hpp>
#include <mortise/jobs.hpp>
#include <mortise/metrics.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "changes/project_changes.hpp"
#include "knowledge/classification.hpp"
#include "knowledge/entry.hpp"
#include "registry/project.hpp"

namespace projects {

struct NewKnowledge {
  Entry entry;       // but for what adding decides
  std::string tier;  // of the user, for the hourly cap
  bool asksForClaim = false;
  bool replaces = false;  // every live entry about the same thing
};

struct AddedKnowledge {
  Entry entry;
  Classification classification;
  std::vector<std::int64_t> replaced;
};

// One for the module. [worker]
class EntryAdding {
 public:
  static constexpr std::size_t kCompared = 50;  // the newest entries, however many there are
  // How many entries a user may have added to a project within an hour for a session to add more.
  static constexpr std::int64_t kEvidencePerHour = 500, kReaderEvidencePerHour = 50;

  EntryAdding(mortise::Host host, const ProjectChanges& changes);

  // Problems: 409 entry_near_duplicate, knowledge_full, concurrent_update; 429 knowledge_rate_limit.
  AddedKnowledge add(const Project& project, const NewKnowledge& wish) const;
  // What a session of the user told by itself: evidence, or notes of who may only read the project. Near-duplicates are
  // left out, and so is what the hour has no room for. Within a transaction that has locked the project. Returns how many
  // were added.
  std::int64_t addEvidence(mortise::Transaction& tx, const Project& project, std::vector<Entry> evidence,
                           std::string_view userId, bool canEdit) const;
  // Where the project's settings ask for it and enough claims wait, a job will compile them.
  void compileIfEnough(mortise::Transaction& tx, const Project& project, mortise::Time now) const;

 private:
  std::int64_t perHour(std::string_view tier) const;

  mortise::Db db_;
  mortise::Jobs jobs_;
  const ProjectChanges& changes_;
  std::int64_t mostEntries_;
  std::int64_t perHour_;
  mortise::Counter added_;
  mortise::Counter duplicates_;
};

}  // namespace projects
