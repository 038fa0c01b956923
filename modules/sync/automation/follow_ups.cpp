#include "automation/follow_ups.hpp"

#include <mortise/problem.hpp>
#include <mortise/time.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <string>

#include "audits/audit_runs.hpp"

namespace session_sharing {
namespace {

using mortise::Problem;
using mortise::Transaction;

constexpr std::chrono::minutes kTurn{5};    // of a run
constexpr std::chrono::minutes kLease{10};  // of a try
constexpr std::chrono::minutes kPause{1};
constexpr std::int64_t kMaxAttempts = 5;
constexpr const char* kHelp = "What pushes and pull requests start by themselves";

}  // namespace

FollowUps::FollowUps(mortise::Host host, const Judges& judges, const SummaryService& summaries)
    : log_(host.log()),
      db_(host.db()),
      jobs_(host.jobs()),
      orgs_(host.orgs()),
      done_(host.metrics().counter("follow_ups_total", kHelp, {{"outcome", "done"}})),
      passedOver_(host.metrics().counter("follow_ups_total", kHelp, {{"outcome", "passed_over"}})),
      failed_(host.metrics().counter("follow_ups_total", kHelp, {{"outcome", "failed"}})),
      store_(db_),
      sessions_(db_),
      triggers_(db_),
      reports_(db_),
      judges_(judges),
      summaries_(summaries) {}

void FollowUps::run(mortise::JobRun& job) {
  const auto end = std::chrono::steady_clock::now() + kTurn;
  mortise::JobReport report;
  report.target = "follow-ups of sessions";
  std::int64_t failures = 0;
  std::string lastUser;
  while (!job.cancelled() && std::chrono::steady_clock::now() < end) {
    const auto now = mortise::now();
    const auto followUp = store_.take(now, now + kLease, lastUser);
    if (!followUp) break;
    lastUser = followUp->userId;
    ++report.synced;
    const auto outcome = attempt(*followUp, job);
    if (outcome == Outcome::done) ++report.created;
    if (outcome == Outcome::failed) ++failures;
  }
  if (failures > 0) report.failure = std::to_string(failures) + " were given up; see the log";
  if (report.synced > 0) job.report(report);
}

FollowUps::Outcome FollowUps::attempt(const FollowUp& followUp, const mortise::JobRun& job) const {
  // A try is counted before it begins: one that ends the server never comes to the lines below.
  if (followUp.attempts > kMaxAttempts) return giveUp(followUp, "no try came to an end");
  try {
    const auto outcome = follow(followUp, job);
    if (outcome == Outcome::done) done_.add();
    if (outcome == Outcome::passedOver) passedOver_.add();
    if (outcome == Outcome::later) store_.putOff(followUp, mortise::now() + kPause, followUp.attempts - 1);
    return outcome;
  } catch (const std::exception& error) {
    if (job.cancelled()) {  // whoever is there next
      store_.putOff(followUp, mortise::now(), followUp.attempts - 1);
      return Outcome::later;
    }
    const auto* problem = dynamic_cast<const Problem*>(&error);
    const std::string reason = problem == nullptr ? error.what() : problem->code() + ": " + problem->note();
    if (followUp.attempts >= kMaxAttempts) return giveUp(followUp, reason);
    log_.warning("what follows a push has failed", {{"session", followUp.sessionId},
                                                    {"kind", mortise::detail::nameOf(followUp.kind)},
                                                    {"reason", reason},
                                                    {"attempt", followUp.attempts}});
    store_.putOff(followUp, mortise::now() + kPause, followUp.attempts);
    return Outcome::later;
  }
}

FollowUps::Outcome FollowUps::giveUp(const FollowUp& followUp, std::string_view reason) const {
  store_.finish(followUp);
  failed_.add();
  log_.error("what follows a push is given up", {{"session", followUp.sessionId},
                                                 {"kind", mortise::detail::nameOf(followUp.kind)},
                                                 {"reason", reason},
                                                 {"attempts", kMaxAttempts}});
  return Outcome::failed;
}

FollowUps::Outcome FollowUps::passOver(const FollowUp& followUp, std::string_view reason) const {
  store_.finish(followUp);
  log_.info("nothing follows a push",
            {{"session", followUp.sessionId}, {"kind", mortise::detail::nameOf(followUp.kind)}, {"reason", reason}});
  return Outcome::passedOver;
}

FollowUps::Outcome FollowUps::follow(const FollowUp& followUp, const mortise::JobRun& job) const {
  const bool isAudit = followUp.kind == FollowUpKind::audit;
  const auto triggers = triggers_.of(followUp.userId);
  if ((isAudit ? triggers.audit : triggers.summarize) == "manual")
    return passOver(followUp, "the user has chosen otherwise");
  const auto session = sessions_.find(followUp.sessionId);
  if (!session || session->userId != followUp.userId || session->isDeleted)
    return passOver(followUp, "the session is gone");
  if (session->etag != followUp.etag) return passOver(followUp, "the session was pushed again without a trigger");
  try {
    orgs_.requireFeature(followUp.userId, isAudit ? "auto_audit" : "summary_deterministic");
    if (isAudit) return audit(followUp, *session);
    const auto outcome = summarise(followUp, *session, job);
    store_.finish(followUp);
    return outcome;
  } catch (const Problem& problem) {
    if (problem.status() >= 500) throw;
    return passOver(followUp, problem.code());
  }
}

FollowUps::Outcome FollowUps::audit(const FollowUp& followUp, const CapturedSession& session) const {
  if (reports_.hasReportOf(session.id, session.etag)) return passOver(followUp, "it was audited already");
  // Of this archive or of the one before: its report tells.
  if (reports_.isRunning(session.id)) return Outcome::later;
  const auto run = auditRunOf(session, judges_.judgeFor(session.userId, {}), judges_);
  const bool isBegun = db_.transaction([&](Transaction& tx) {
    if (!reports_.in(tx).beginRun(run)) return false;
    if (!store_.in(tx).finish(followUp)) throw Problem(503, "unavailable").note("another worker has taken it over");
    jobs_.in(tx).trigger(kAuditJob);
    return true;
  });
  return isBegun ? Outcome::done : Outcome::later;
}

FollowUps::Outcome FollowUps::summarise(const FollowUp& followUp, const CapturedSession& session,
                                        const mortise::JobRun& job) const {
  summaries_.summaryOf(session, [&] {
    if (job.cancelled()) throw Problem(503, "unavailable").note("asked to stop");
    // Another worker may be at it by now.
    if (mortise::now() >= followUp.dueAt) throw Problem(503, "unavailable").note("reading the archive took too long");
  });
  return Outcome::done;
}

}  // namespace session_sharing
