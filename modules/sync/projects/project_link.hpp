// Which project a captured session belongs to.
#pragma once

#include "library/captured_session.hpp"
#include "projects/project_lookup.hpp"

namespace session_sharing {

// Sets the project that the session's git remote stands for, as its user sees it, and drops a retrieval context that is
// not the user's in that project. [worker]
inline void linkToProject(CapturedSession& session, const ProjectLookup& projects) {
  auto& metadata = session.metadata;
  session.projectId = projects.idOfSession(session.userId, metadata.gitRemote);
  const bool isTheirContext =
      metadata.retrievalAuditId && session.projectId &&
      projects.isRetrievalContextOf(*metadata.retrievalAuditId, session.userId, *session.projectId);
  if (!isTheirContext) metadata.retrievalAuditId.reset();
}

}  // namespace session_sharing
