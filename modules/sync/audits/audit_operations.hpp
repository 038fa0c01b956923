// sessions/{id}/audit…: audits of the caller's sessions, deleted ones too, and the job for the long ones.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/jobs.hpp>
#include <mortise/log.hpp>
#include <mortise/metrics.hpp>
#include <mortise/module.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "archives/archive_threads.hpp"
#include "audits/audit_report.hpp"
#include "audits/auditor.hpp"
#include "library/captured_session_store.hpp"
#include "library/session_removal.hpp"
#include "settings/judges.hpp"
#include "sync_contract.hpp"

namespace session_sharing {

class AuditOperations final : public sync_contract::audits::Audits, public SessionRemoval {
 public:
  // `archives` read, and `models` wait for judging models. They and `judges` outlive it.
  AuditOperations(mortise::Host host, const Judges& judges, ArchiveThreads& archives, ArchiveThreads& models);

  // The job run_audits: several runs of it work side by side, each audit is made by one.
  void runAudits(mortise::JobRun& run);
  void sessionRemoved(const mortise::Transaction& tx, const CapturedSession& session) override;

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  void auditSession(Request& request, const sync_contract::audits::JudgeChoice& body) override;
  Reply readLatestAudit(const Request& request) override;
  Reply listAudits(const Request& request) override;
  Reply readAuditStatus(const Request& request) override;
  Reply dismissFinding(const Request& request, const sync_contract::audits::Dismissal& body) override;
  Reply readAudit(const Request& request) override;

  // What a request goes through on the threads that read, which ends in an answer or in judge() on those that wait.
  void read(const ArchiveThreads::Call& call, const CapturedSession& session, const Judge& judge);
  Reply judge(const Request& request, const CapturedSession& session, const AuditSurvey& survey,
              const std::vector<WindowContent>& windows, const Judge& judge) const;
  Reply accept(const Request& request, const CapturedSession& session, const Judge& judge) const;
  // False: it is to be tried again later.
  bool runOne(const AuditRun& run, const mortise::JobRun& job) const;
  AuditReport latestOf(const CapturedSession& session) const;

  mortise::Log log_;
  mortise::Db db_;
  mortise::Jobs jobs_;
  mortise::Audit audit_;
  mortise::Counter done_, failed_;
  CapturedSessionStore sessions_;
  AuditStore reports_;
  Auditor auditor_;
  const Judges& judges_;
  ArchiveThreads& archives_;
  ArchiveThreads& models_;
};

}  // namespace session_sharing
