// Audits a session: reads its archive twice, once to find where the claims are and once to take the chosen windows, and
// asks the judging model about each. Memory does not grow with the archive.
#pragma once

#include <mortise/blobs.hpp>
#include <mortise/host.hpp>
#include <mortise/log.hpp>
#include <mortise/metrics.hpp>
#include <mortise/models.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "audits/audit_report.hpp"
#include "audits/audit_windows.hpp"
#include "audits/judgement.hpp"
#include "library/captured_session.hpp"
#include "settings/judges.hpp"

namespace session_sharing {

// What the first reading tells.
struct AuditSurvey {
  std::int64_t messages = 0;
  std::int64_t toolCalls = 0;
  std::int64_t claims = 0;
  std::vector<AuditWindow> windows;
};

// Reading is for the threads that read archives and for jobs; a call of the model takes up to two minutes.
class Auditor {
 public:
  explicit Auditor(mortise::Host host);

  // `cancelled` is called again and again; what it throws ends the reading. Problems: 404 session_not_found (the
  // archive is gone), those of ArchiveReader.
  AuditSurvey survey(const CapturedSession& session, const std::function<void()>& cancelled) const;
  // What stands in the windows of the survey: the second reading, as the first.
  std::vector<WindowContent> contentsOf(const CapturedSession& session, const std::vector<AuditWindow>& windows,
                                        const std::function<void()>& cancelled) const;

  // The report, with a new id, not yet stored; it reads no archive. `stopped`: asked while the model thinks;
  // `betweenCalls` before each call: it may throw. A call that fails is passed over with a warning; when all fail, the
  // last models::Error is thrown.
  AuditReport audit(const CapturedSession& session, const AuditSurvey& survey,
                    const std::vector<WindowContent>& windows, const Judge& judge, const std::function<bool()>& stopped,
                    const std::function<void()>& betweenCalls) const;

 private:
  // Empty when the model's answer holds no findings.
  std::optional<std::vector<Finding>> judged(const WindowContent& window, const Judge& judge,
                                             const std::function<bool()>& stopped) const;

  mortise::Blobs blobs_;
  mortise::Log log_;
  mortise::models::Client client_;
  mortise::Counter answered_, failed_, inputTokens_, outputTokens_;
  mortise::Histogram seconds_;
};

// aud_ and 16 hex digits.
std::string makeAuditId();

}  // namespace session_sharing
