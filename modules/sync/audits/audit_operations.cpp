#include "audits/audit_operations.hpp"

#include <mortise/problem.hpp>
#include <mortise/time.hpp>

#include <chrono>
#include <exception>
#include <utility>

#include "audits/audit_runs.hpp"
#include "audits/judge_failure.hpp"
#include "library/session_path.hpp"

namespace session_sharing {
namespace {

namespace contract = sync_contract::audits;
namespace json = mortise::json;
namespace models = mortise::models;
using mortise::Problem;
using mortise::Reply;
using mortise::Transaction;

constexpr std::int64_t kLongSession = 500;  // messages
constexpr std::chrono::minutes kLease{5};   // longer than a call of the model
constexpr std::chrono::minutes kPause{1};   // before an audit is tried again
constexpr std::int64_t kMaxAttempts = 3;
constexpr std::size_t kMaxReason = 500;

constexpr FlatText kNoClaims{"The session makes no claims that could be checked", "会话中没有可供核查的陈述"};
constexpr FlatText kAccepted{"The audit goes on in the background", "审计正在后台进行"};

Reply json200(const json::Value& value, int status = 200) {
  return Reply::raw(value.text(), "application/json", status);
}

Reply noClaims(const mortise::Request& request, const AuditSurvey& survey) {
  const auto stats = json::object({{"tool_calls", survey.toolCalls}, {"messages", survey.messages}});
  return json200(
      json::object(
          {{"error", "no_claims_extracted"}, {"message", textFor(request, kNoClaims)}, {"session_stats", stats}}),
      422);
}

}  // namespace

AuditOperations::AuditOperations(mortise::Host host, const Judges& judges, ArchiveThreads& archives,
                                 ArchiveThreads& models)
    : log_(host.log()),
      db_(host.db()),
      jobs_(host.jobs()),
      audit_(host.audit()),
      done_(host.metrics().counter("audits_total", "Audits of sessions", {{"outcome", "done"}})),
      failed_(host.metrics().counter("audits_total", "Audits of sessions", {{"outcome", "failed"}})),
      sessions_(host.db()),
      reports_(host.db()),
      auditor_(host),
      judges_(judges),
      archives_(archives),
      models_(models) {}

void AuditOperations::sessionRemoved(const Transaction& tx, const CapturedSession& session) {
  reports_.in(tx).removeOfSession(session.id);
}

void AuditOperations::auditSession(Request& request, const contract::JudgeChoice& body) {
  const auto session = ownSessionById(sessions_, request);
  const auto judge = judges_.judgeFor(session.userId, wishOf(body));
  if (reports_.isRunning(session.id)) {
    request.answer(accept(request, session, judge));
    return;
  }
  archives_.run(request, [this, session, judge](const ArchiveThreads::Call& call) { read(call, session, judge); });
}

void AuditOperations::read(const ArchiveThreads::Call& call, const CapturedSession& session, const Judge& judge) {
  const auto& request = call->request();
  const auto cancelled = [&] { request.stopIfExpired(); };
  auto survey = auditor_.survey(session, cancelled);
  if (survey.messages == 0) throw Problem(400, "session_empty");
  if (survey.claims == 0 && survey.toolCalls > 0) {
    call->answer(noClaims(request, survey));
  } else if (survey.messages >= kLongSession) {
    call->answer(accept(request, session, judge));
  } else {
    auto windows = auditor_.contentsOf(session, survey.windows, cancelled);
    models_.run(call, [this, session, judge, survey = std::move(survey),
                       windows = std::move(windows)](const ArchiveThreads::Call& waiting) {
      waiting->answer(this->judge(waiting->request(), session, survey, windows, judge));
    });
  }
}

Reply AuditOperations::judge(const Request& request, const CapturedSession& session, const AuditSurvey& survey,
                             const std::vector<WindowContent>& windows, const Judge& judge) const {
  try {
    const auto report = auditor_.audit(
        session, survey, windows, judge, [&] { return request.expired(); }, [&] { request.stopIfExpired(); });
    db_.transaction([&](Transaction& tx) {
      if (!sessions_.in(tx).holdAny(session.id)) throw Problem(404, "session_not_found");
      reports_.in(tx).add(report);
    });
    done_.add();
    return json200(reportView(report));
  } catch (const models::Error& error) {
    failed_.add();
    return judgeFailure(request, error);
  }
}

Reply AuditOperations::accept(const Request& request, const CapturedSession& session, const Judge& judge) const {
  const auto run = auditRunOf(session, judge, judges_);
  db_.transaction([&](Transaction& tx) {
    if (reports_.in(tx).beginRun(run)) jobs_.in(tx).trigger(kAuditJob);
  });
  return json200(
      json::object({{"status", "accepted"}, {"session_id", session.id}, {"message", textFor(request, kAccepted)}}),
      202);
}

AuditReport AuditOperations::latestOf(const CapturedSession& session) const {
  return mortise::orNotFound(reports_.latest(session.id), "audit_not_found");
}

Reply AuditOperations::readLatestAudit(const Request& request) {
  return Reply::ok(reportView(latestOf(ownSessionById(sessions_, request))));
}

Reply AuditOperations::listAudits(const Request& request) {
  return Reply::ok(json::list(reports_.of(ownSessionById(sessions_, request).id), entryView));
}

Reply AuditOperations::readAuditStatus(const Request& request) {
  const auto session = ownSessionById(sessions_, request);
  const auto* status = reports_.isRunning(session.id) ? "running"
                       : reports_.latest(session.id)  ? "completed"
                                                      : "not_started";
  return Reply::ok(json::object({{"status", status}, {"session_id", session.id}}));
}

Reply AuditOperations::dismissFinding(const Request& request, const contract::Dismissal& body) {
  const auto session = ownSessionById(sessions_, request);
  const std::string userId = request.principal().userId;
  db_.transaction([&](Transaction& tx) {
    tx.lock("audits of " + session.id);
    auto report = mortise::orNotFound(reports_.in(tx).latest(session.id), "audit_not_found");
    auto findings = findingsFrom(report.findings);
    if (body.findingIndex < 0 || body.findingIndex >= std::ssize(findings)) throw Problem(400, "finding_index_invalid");
    auto& finding = findings[static_cast<std::size_t>(body.findingIndex)];
    finding.dismissed = body.dismissed;
    finding.dismissedBy = body.dismissed ? std::optional(userId) : std::nullopt;
    finding.dismissedReason = body.dismissed ? mortise::orNull(body.reason) : std::nullopt;
    report.findings = json::list(findings).text();
    reports_.in(tx).setFindings(report);
    audit_.in(tx).record(request, "sync.finding_dismissed", "audit:" + report.id,
                         json::object({{"finding_index", body.findingIndex}, {"dismissed", body.dismissed}}));
  });
  return Reply::ok(
      json::object({{"status", "ok"}, {"finding_index", body.findingIndex}, {"dismissed", body.dismissed}}));
}

Reply AuditOperations::readAudit(const Request& request) {
  const auto report = mortise::orNotFound(reports_.find(request.path("audit_id")), "audit_not_found");
  if (report.userId != request.principal().userId) throw Problem(404, "audit_not_found");
  return Reply::ok(historicalView(report));
}

void AuditOperations::runAudits(mortise::JobRun& job) {
  mortise::JobReport report;
  report.target = "audits";
  while (!job.cancelled()) {
    const auto now = mortise::now();
    const auto run = reports_.takeRun(now, now + kLease);
    if (!run) break;
    ++report.synced;
    if (runOne(*run, job)) {
      ++report.created;
    } else if (!job.cancelled()) {
      reports_.keepRun(*run, mortise::now() + kPause);
    } else {
      reports_.releaseRun(*run, mortise::now());
    }
  }
  if (report.synced > 0) job.report(report);
}

bool AuditOperations::runOne(const AuditRun& run, const mortise::JobRun& job) const {
  const auto end = [&](std::string_view reason) {
    log_.warning("a background audit ended without a report",
                 {{"session", run.sessionId}, {"reason", reason.substr(0, kMaxReason)}});
    failed_.add();
    reports_.endRun(run.sessionId);
    return true;
  };
  // A try is counted before it begins: one that ends the server never comes to the lines below.
  if (run.attempts > kMaxAttempts) return end("no try came to an end");
  const auto session = sessions_.find(run.sessionId);
  if (!session || session->userId != run.userId) return end("the session is gone");
  const auto stopped = [&] { return job.cancelled(); };
  const auto goOn = [&] {
    if (stopped()) throw models::Error(models::Error::Cause::stopped, "the job was asked to stop");
    if (!reports_.keepRun(run, mortise::now() + kLease))
      throw models::Error(models::Error::Cause::stopped, "another worker has taken the audit over");
  };
  try {
    const bool isOperators = !run.baseUrl && !run.sealedKey;
    const auto judge = isOperators ? judges_.judgeFor(run.userId, {.model = run.model})
                                   : judges_.judgeOf({.provider = run.provider,
                                                      .model = run.model,
                                                      .apiKey = judges_.unsealed(run.sealedKey),
                                                      .baseUrl = run.baseUrl.value_or("")});
    const auto survey = auditor_.survey(*session, [&] {
      if (stopped()) throw models::Error(models::Error::Cause::stopped, "the job was asked to stop");
    });
    if (survey.messages == 0 || (survey.claims == 0 && survey.toolCalls > 0)) return end("it claims nothing");
    const auto report =
        auditor_.audit(*session, survey, auditor_.contentsOf(*session, survey.windows, goOn), judge, stopped, goOn);
    const bool stored = db_.transaction([&](Transaction& tx) {
      if (!sessions_.in(tx).holdAny(session->id)) return false;
      if (!reports_.in(tx).keepRun(run, mortise::now())) return false;  // another one's report counts
      reports_.in(tx).add(report);
      reports_.in(tx).endRun(run.sessionId);
      return true;
    });
    if (stored) done_.add();
    return true;
  } catch (const models::Error& error) {
    if (error.cause() == models::Error::Cause::stopped) return false;
    if (run.attempts >= kMaxAttempts) return end(error.note());
    return false;
  } catch (const Problem& problem) {
    if (problem.status() >= 500 && run.attempts < kMaxAttempts) return false;
    return end(problem.code());
  }
}

}  // namespace session_sharing
