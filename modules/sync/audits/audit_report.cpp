#include "audits/audit_report.hpp"

#include <mortise/rows.hpp>
#include <mortise/where.hpp>

#include <rapidjson/document.h>

#include <utility>

#include "archives/untrusted_json.hpp"

namespace session_sharing {
namespace {

namespace db = mortise::db;
namespace json = mortise::json;

constexpr ClaimCategory kCategories[] = {{"test_result", Severity::critical, "CWE-393"},
                                         {"command_output", Severity::critical, "CWE-684"},
                                         {"dependency", Severity::critical, "CWE-1104"},
                                         {"file_existence", Severity::high, "CWE-552"},
                                         {"data_misread", Severity::high, "CWE-135"},
                                         {"code_claim", Severity::high, "CWE-710"},
                                         {"other", Severity::low, nullptr}};

std::optional<std::string> textOrNull(const rapidjson::Value& object, const char* name) {
  const auto* member = memberOf(object, name);
  if (member == nullptr || !member->IsString()) return std::nullopt;
  return std::string(textOf(*member));
}

double part(std::int64_t thousandths) { return static_cast<double>(thousandths) / 1000; }

}  // namespace

std::string_view nameOf(Verdict verdict) {
  if (verdict == Verdict::verified) return "verified";
  return verdict == Verdict::hallucination ? "hallucination" : "unverified";
}

Verdict verdictNamed(std::string_view name) {
  if (name == nameOf(Verdict::verified)) return Verdict::verified;
  return name == nameOf(Verdict::hallucination) ? Verdict::hallucination : Verdict::unverified;
}

std::string_view nameOf(Severity severity) {
  if (severity == Severity::critical) return "critical";
  return severity == Severity::high ? "high" : "low";
}

const ClaimCategory& claimCategory(std::string_view name) {
  for (const auto& each : kCategories) {
    if (each.name == name) return each;
  }
  return *(std::end(kCategories) - 1);
}

void mortiseAppendJson(std::string& out, const Finding& finding) {
  const auto& category = claimCategory(finding.category);
  json::ObjectWriter(out)
      .member("message_index", finding.messageIndex)
      .member("claim", finding.claim)
      .member("verdict", nameOf(finding.verdict))
      .member("severity", nameOf(category.severity))
      .member("evidence", finding.evidence)
      .member("explanation", finding.explanation)
      .member("category", category.name)
      .member("confidence", finding.confidence)
      .member("cwe_id",
              category.cwe == nullptr ? std::optional<std::string>() : std::optional<std::string>(category.cwe))
      .member("evidence_snippets", finding.snippets)
      .member("dismissed", finding.dismissed)
      .member("dismissed_by", finding.dismissedBy)
      .member("dismissed_reason", finding.dismissedReason)
      .end();
}

std::vector<Finding> findingsFrom(std::string text) {
  std::vector<Finding> out;
  rapidjson::Document list;
  if (!parseInPlace(text, list) || !list.IsArray()) return out;
  for (const auto& one : list.GetArray()) {
    Finding finding;
    finding.messageIndex = numberMember(one, "message_index").value_or(0);
    finding.claim = textMember(one, "claim");
    finding.verdict = verdictNamed(textMember(one, "verdict"));
    finding.evidence = textMember(one, "evidence");
    finding.explanation = textMember(one, "explanation");
    finding.category = textMember(one, "category");
    finding.confidence = numberMember(one, "confidence").value_or(0);
    finding.dismissed = isTrueMember(one, "dismissed");
    finding.dismissedBy = textOrNull(one, "dismissed_by");
    finding.dismissedReason = textOrNull(one, "dismissed_reason");
    const auto* snippets = memberOf(one, "evidence_snippets");
    if (snippets != nullptr && snippets->IsArray()) {
      for (const auto& snippet : snippets->GetArray()) {
        finding.snippets.push_back({std::string(textMember(snippet, "source")),
                                    numberMember(snippet, "message_index").value_or(0),
                                    std::string(textMember(snippet, "text"))});
      }
    }
    out.push_back(std::move(finding));
  }
  return out;
}

void AuditReport::take(const std::vector<Finding>& list) {
  totalClaims = std::ssize(list);
  verified = unverified = hallucinations = critical = high = low = 0;
  for (const auto& finding : list) {
    if (finding.verdict == Verdict::verified) ++verified;
    if (finding.verdict == Verdict::unverified) ++unverified;
    if (finding.verdict != Verdict::hallucination) continue;
    ++hallucinations;
    const auto severity = claimCategory(finding.category).severity;
    ++(severity == Severity::critical ? critical : severity == Severity::high ? high : low);
  }
  trust = totalClaims == 0 ? 0 : (verified * 1000 + totalClaims / 2) / totalClaims;
  findings = json::list(list).text();
}

json::Value reportView(const AuditReport& report) {
  const auto summary = json::object({{"total_claims", report.totalClaims},
                                     {"verified", report.verified},
                                     {"unverified", report.unverified},
                                     {"hallucinations", report.hallucinations},
                                     {"trust_score", part(report.trust)},
                                     {"major_findings", report.critical},
                                     {"moderate_findings", report.high},
                                     {"minor_findings", report.low},
                                     {"critical_count", report.critical},
                                     {"high_count", report.high},
                                     {"low_count", report.low}});
  return json::object({{"session_id", report.sessionId},
                       {"model", report.model},
                       {"timestamp", mortise::isoTime(report.createdAt)},
                       {"provider", report.provider},
                       {"base_url", report.baseUrl},
                       {"execution_time_ms", report.executionTimeMs},
                       {"findings", json::raw(report.findings)},
                       {"summary", summary},
                       {"warnings", json::raw(report.warnings)}});
}

json::Value entryView(const AuditReport& report) {
  return json::object({{"id", report.id},
                       {"session_id", report.sessionId},
                       {"judge_model", report.model},
                       {"judge_provider", report.provider},
                       {"trust_score", (report.trust + 5) / 10},
                       {"total_claims", report.totalClaims},
                       {"contradiction_count", report.hallucinations},
                       {"execution_time_ms", report.executionTimeMs},
                       {"created_at", mortise::isoTime(report.createdAt)}});
}

json::Value historicalView(const AuditReport& report) {
  return json::from(report).add("trust_score", part(report.trust));
}

std::optional<AuditReport> AuditStore::find(std::string_view id) const { return db::find<AuditReport>(db_, id); }

std::optional<AuditReport> AuditStore::latest(std::string_view sessionId) const {
  return db::row<AuditReport>(db_, "WHERE session_id = :session ORDER BY created_at DESC, id DESC LIMIT 1",
                              {{"session", sessionId}});
}

bool AuditStore::hasReportOf(std::string_view sessionId, std::string_view etag) const {
  return db::exists<AuditReport>(db_, "WHERE session_id = :session AND etag = :etag",
                                 {{"session", sessionId}, {"etag", etag}});
}

std::vector<AuditReport> AuditStore::of(std::string_view sessionId) const {
  return db::rows<AuditReport>(db_, "WHERE session_id = :session ORDER BY created_at DESC, id DESC LIMIT :most",
                               {{"session", sessionId}, {"most", kKept}});
}

void AuditStore::add(const AuditReport& report) const {
  db_.transaction([&](mortise::Transaction& tx) {
    db::insert(tx, report);
    tx.execute(
        "DELETE FROM sync_audit_reports WHERE session_id = :session AND id IN (SELECT id FROM sync_audit_reports "
        "WHERE session_id = :session ORDER BY created_at DESC, id DESC LIMIT 100 OFFSET :most)",
        {{"session", report.sessionId}, {"most", kKept}});
  });
}

void AuditStore::setFindings(const AuditReport& report) const { db::update<&AuditReport::findings>(db_, report); }

std::map<std::string, std::int64_t> AuditStore::trustOf(const std::vector<std::string>& sessionIds) const {
  std::map<std::string, std::int64_t> out;
  for (const auto& id : sessionIds) {
    if (const auto report = latest(id)) out.emplace(id, report->trust);
  }
  return out;
}

bool AuditStore::beginRun(const AuditRun& run) const {
  return db_.execute(
             "INSERT INTO sync_audit_runs (session_id, user_id, provider, model, base_url, sealed_key, lease_until, "
             "attempts, requested_at) VALUES (:session, :user, :provider, :model, :url, :key, :lease, :attempts, :now) "
             "ON CONFLICT (session_id) DO NOTHING",
             {{"session", run.sessionId},
              {"user", run.userId},
              {"provider", run.provider},
              {"model", run.model},
              {"url", run.baseUrl},
              {"key", run.sealedKey},
              {"lease", run.leaseUntil},
              {"attempts", run.attempts},
              {"now", run.requestedAt}}) > 0;
}

bool AuditStore::isRunning(std::string_view sessionId) const { return db::find<AuditRun>(db_, sessionId).has_value(); }

std::optional<AuditRun> AuditStore::takeRun(mortise::Time now, mortise::Time leaseUntil) const {
  for (;;) {
    auto run = db::row<AuditRun>(db_, "WHERE lease_until <= :now ORDER BY lease_until LIMIT 1", {{"now", now}});
    if (!run) return std::nullopt;
    const auto rows = db_.execute(
        "UPDATE sync_audit_runs SET lease_until = :lease, attempts = attempts + 1 "
        "WHERE session_id = :session AND lease_until = :was",
        {{"lease", leaseUntil}, {"session", run->sessionId}, {"was", run->leaseUntil}});
    if (rows == 0) continue;  // another worker was faster
    run->leaseUntil = leaseUntil;
    ++run->attempts;
    return run;
  }
}

bool AuditStore::keepRun(const AuditRun& run, mortise::Time leaseUntil) const {
  return db_.execute(
             "UPDATE sync_audit_runs SET lease_until = :lease WHERE session_id = :session AND attempts = :attempts",
             {{"lease", leaseUntil}, {"session", run.sessionId}, {"attempts", run.attempts}}) > 0;
}

void AuditStore::releaseRun(const AuditRun& run, mortise::Time now) const {
  db_.execute(
      "UPDATE sync_audit_runs SET lease_until = :now, attempts = attempts - 1 WHERE session_id = :session AND "
      "attempts = :attempts",
      {{"now", now}, {"session", run.sessionId}, {"attempts", run.attempts}});
}

void AuditStore::endRun(std::string_view sessionId) const { db::remove<AuditRun>(db_, sessionId); }

void AuditStore::removeOfSession(std::string_view sessionId) const {
  db_.execute("DELETE FROM sync_audit_reports WHERE session_id = :session", {{"session", sessionId}});
  db_.execute("DELETE FROM sync_audit_runs WHERE session_id = :session", {{"session", sessionId}});
}

void AuditStore::removeOfUser(std::string_view userId) const {
  db_.execute("DELETE FROM sync_audit_reports WHERE user_id = :user", {{"user", userId}});
  db_.execute("DELETE FROM sync_audit_runs WHERE user_id = :user", {{"user", userId}});
}

}  // namespace session_sharing
