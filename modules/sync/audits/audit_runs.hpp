// How an audit gets to the job that makes it.
#pragma once

#include <mortise/time.hpp>

#include "audits/audit_report.hpp"
#include "library/captured_session.hpp"
#include "settings/judges.hpp"

namespace session_sharing {

inline constexpr const char* kAuditJob = "run_audits";

// The row that waits for the job, with a sealed copy of a key that is not the operator's.
inline AuditRun auditRunOf(const CapturedSession& session, const Judge& judge, const Judges& judges) {
  AuditRun run;
  run.sessionId = session.id;
  run.userId = session.userId;
  run.provider = judge.provider;
  run.model = judge.model;
  run.baseUrl = judge.baseUrl;
  if (!judge.isOperators && !judge.endpoint.apiKey.empty()) run.sealedKey = judges.sealed(judge.endpoint.apiKey);
  run.leaseUntil = run.requestedAt = mortise::now();
  return run;
}

}  // namespace session_sharing
