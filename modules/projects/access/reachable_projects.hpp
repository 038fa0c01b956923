// The projects that somebody reaches: the list of projects.
#pragma once

#include <mortise/host.hpp>
#include <mortise/request.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "access/org_settings.hpp"
#include "access/project_access.hpp"
#include "registry/project_store.hpp"
#include "sessions/captured_sessions.hpp"

namespace projects {

struct ListedProject {
  ReachedProject reached;
  std::int64_t sessionCount = 0;  // of the user's, filed under it or of one of its repositories
};

// [worker]
class ReachableProjects {
 public:
  // `access`, `sessions` and `settings` must outlive this object.
  ReachableProjects(const mortise::Host& host, const ProjectAccess& access, const CapturedSessions& sessions,
                    const OrgSettings& settings)
      : store_(host.db()), access_(access), sessions_(sessions), settings_(settings) {}

  // Last changed first, at most `most`.
  std::vector<ListedProject> of(const mortise::Principal& user, std::size_t most) const;

 private:
  ProjectStore store_;
  const ProjectAccess& access_;
  const CapturedSessions& sessions_;
  const OrgSettings& settings_;
};

}  // namespace projects
