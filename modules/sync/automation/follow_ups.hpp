// The job run_follow_ups: does what pushes and pull requests have queued. A summary is made here; an audit is handed to
// the job run_audits, once for each archive, unless the client has asked for one meanwhile.
#pragma once

#include <mortise/db.hpp>
#include <mortise/host.hpp>
#include <mortise/jobs.hpp>
#include <mortise/log.hpp>
#include <mortise/metrics.hpp>
#include <mortise/orgs.hpp>

#include <string_view>

#include "audits/audit_report.hpp"
#include "automation/follow_up.hpp"
#include "library/captured_session_store.hpp"
#include "settings/judges.hpp"
#include "settings/triggers.hpp"
#include "summaries/summary_service.hpp"

namespace session_sharing {

class FollowUps {
 public:
  // `judges` and `summaries` outlive it.
  FollowUps(mortise::Host host, const Judges& judges, const SummaryService& summaries);

  // The job. It works for a few minutes at most, so that other jobs get its worker; the next run goes on. Runs of several
  // servers may work side by side, each row is one run's.
  void run(mortise::JobRun& job);

 private:
  enum class Outcome { done, passedOver, later, failed };
  // One try, and what the row becomes of it.
  Outcome attempt(const FollowUp& followUp, const mortise::JobRun& job) const;
  Outcome giveUp(const FollowUp& followUp, std::string_view reason) const;
  Outcome follow(const FollowUp& followUp, const mortise::JobRun& job) const;
  Outcome audit(const FollowUp& followUp, const CapturedSession& session) const;
  Outcome summarise(const FollowUp& followUp, const CapturedSession& session, const mortise::JobRun& job) const;
  Outcome passOver(const FollowUp& followUp, std::string_view reason) const;

  mortise::Log log_;
  mortise::Db db_;
  mortise::Jobs jobs_;
  mortise::Orgs orgs_;
  mortise::Counter done_, passedOver_, failed_;
  FollowUpStore store_;
  CapturedSessionStore sessions_;
  TriggerStore triggers_;
  AuditStore reports_;
  const Judges& judges_;
  const SummaryService& summaries_;
};

}  // namespace session_sharing
