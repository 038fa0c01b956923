// Removes a project for good, with all that any face keeps of it.
#pragma once

#include <mortise/db.hpp>
#include <mortise/host.hpp>

#include <string>
#include <vector>

#include "changes/project_changes.hpp"
#include "groups/group_store.hpp"
#include "registry/project_part.hpp"
#include "registry/project_store.hpp"
#include "sessions/captured_sessions.hpp"
#include "transfers/transfer_store.hpp"

namespace projects {

// [worker]
class ProjectRemoval {
 public:
  // `changes`, `sessions` and the parts must outlive this object.
  ProjectRemoval(const mortise::Host& host, const ProjectChanges& changes, const CapturedSessions& sessions,
                 std::vector<ProjectPart*> parts);

  // Within the caller's transaction, who records it. Sessions stay, filed under no project. False: it is gone or was
  // merged.
  bool remove(mortise::Transaction& tx, const Project& project) const;

  const std::vector<ProjectPart*>& parts() const { return parts_; }

 private:
  ProjectStore projects_;
  GroupStore groups_;
  TransferStore transfers_;
  const ProjectChanges& changes_;
  const CapturedSessions& sessions_;
  std::vector<ProjectPart*> parts_;
};

}  // namespace projects
