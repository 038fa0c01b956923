// Merges one project into another.
#pragma once

#include <mortise/db.hpp>
#include <mortise/host.hpp>
#include <mortise/metrics.hpp>

#include <functional>
#include <string>
#include <string_view>

#include "changes/project_changes.hpp"
#include "groups/group_store.hpp"
#include "registry/project_part.hpp"
#include "registry/project_removal.hpp"
#include "registry/project_store.hpp"
#include "sessions/captured_sessions.hpp"
#include "transfers/transfer_store.hpp"

namespace projects {

// What came of a merge: all that its parts told, and under which id it is on record.
struct MergeOutcome {
  ProjectMerge merge;
  std::string auditId;  // empty: a dry run, or refused
};

// [worker]
class ProjectMerger {
 public:
  // `removal` names the parts; it, `changes` and `sessions` must outlive this object.
  ProjectMerger(const mortise::Host& host, const ProjectRemoval& removal, const ProjectChanges& changes,
                const CapturedSessions& sessions);

  // Merges `from` into `into`, which whoever asks may do. `record` writes the audit record, in the transaction. A dry run
  // does the same, and then undoes it; so does a merge that something blocks (merge.blockingReason). `stop` is called
  // between the parts; what it throws ends the merge. Problem 409 concurrent_update: one of the two is gone, or
  // somebody else's by now.
  MergeOutcome merge(const Project& from, const Project& into, PersonaPolicy policy, std::string_view userId,
                     bool isDryRun,
                     const std::function<void(mortise::Transaction& tx, const MergeOutcome& outcome)>& record,
                     const std::function<void()>& stop) const;

 private:
  void mergeIn(mortise::Transaction& tx, const Project& from, const Project& into, ProjectMerge& merge,
               const std::function<void()>& stop) const;

  mortise::Db db_;
  ProjectStore projects_;
  GroupStore groups_;
  TransferStore transfers_;
  const ProjectRemoval& removal_;
  const ProjectChanges& changes_;
  const CapturedSessions& sessions_;
  mortise::Counter merged_;
};

}  // namespace projects
