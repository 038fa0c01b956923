// What a judging model found in a session: the report, its findings and their JSON; the runs of long sessions; their
// tables.
#pragma once

#include <mortise/db.hpp>
#include <mortise/entity.hpp>
#include <mortise/json.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace session_sharing {

enum class Verdict { verified, unverified, hallucination };
// As reports write it. [any]
std::string_view nameOf(Verdict verdict);
// Unknown words are unverified.
Verdict verdictNamed(std::string_view name);

enum class Severity { critical, high, low };
// As reports write it. [any]
std::string_view nameOf(Severity severity);

// What kind of claim it is; severity and CWE follow from it. Unknown words are "other".
struct ClaimCategory {
  std::string_view name;
  Severity severity;
  const char* cwe;  // null: none
};
const ClaimCategory& claimCategory(std::string_view name);

struct EvidenceSnippet {
  std::string source;
  std::int64_t messageIndex = 0;
  std::string text;

  static constexpr auto kFields = mortise::fields("", mortise::field("source", &EvidenceSnippet::source),
                                                  mortise::field("message_index", &EvidenceSnippet::messageIndex),
                                                  mortise::field("text", &EvidenceSnippet::text));
};

struct Finding {
  std::int64_t messageIndex = 0;
  std::string claim;
  Verdict verdict = Verdict::unverified;
  std::string evidence;
  std::string explanation;
  std::string category = "other";
  std::int64_t confidence = 0;  // 0..100
  std::vector<EvidenceSnippet> snippets;
  bool dismissed = false;
  std::optional<std::string> dismissedBy;
  std::optional<std::string> dismissedReason;
};
// As it is stored and shown. [any]
void mortiseAppendJson(std::string& out, const Finding& finding);
// Reads back what mortiseAppendJson() wrote; empty when the text is something else.
std::vector<Finding> findingsFrom(std::string text);

struct AuditReport {
  std::string id;
  std::string sessionId;
  std::string userId;
  std::string model;
  std::string provider;
  std::optional<std::string> baseUrl;
  std::int64_t trust = 0;  // thousandths: the part of the claims that is verified
  std::int64_t totalClaims = 0;
  std::int64_t verified = 0;
  std::int64_t unverified = 0;
  std::int64_t hallucinations = 0;
  std::int64_t critical = 0;  // of the hallucinations
  std::int64_t high = 0;
  std::int64_t low = 0;
  std::string findings = "[]";  // JSON
  std::string warnings = "[]";
  std::int64_t executionTimeMs = 0;
  mortise::Time createdAt;
  std::string etag;  // of the archive that it is about; empty: unknown

  // Takes over the findings, and counts them.
  void take(const std::vector<Finding>& list);

  static constexpr auto kFields =
      mortise::fields(
          "sync_audit_reports", mortise::field("id", &AuditReport::id).key(),
          mortise::field("session_id", &AuditReport::sessionId),
          mortise::field("user_id", &AuditReport::userId).hidden(), mortise::field("judge_model", &AuditReport::model),
          mortise::field("judge_provider", &AuditReport::provider),
          mortise::field("judge_base_url", &AuditReport::baseUrl),
          mortise::field("trust_score", &AuditReport::trust).hidden(),
          mortise::field("total_claims", &AuditReport::totalClaims),
          mortise::field("verified", &AuditReport::verified).as("verified_count"),
          mortise::field("unverified", &AuditReport::unverified).as("unverified_count"),
          mortise::field("hallucinations", &AuditReport::hallucinations).as("hallucination_count"),
          mortise::field("critical", &AuditReport::critical).as("critical_count"),
          mortise::field("high", &AuditReport::high).as("high_count"),
          mortise::field("low", &AuditReport::low).as("low_count"),
          mortise::field("findings", &AuditReport::findings).json(),
          mortise::field("warnings", &AuditReport::warnings).json(),
          mortise::field("execution_time_ms", &AuditReport::executionTimeMs),
          mortise::field("created_at", &AuditReport::createdAt), mortise::field("etag", &AuditReport::etag).hidden())
          .times(mortise::kIsoMicros);
};

// AuditReport, AuditEntry and HistoricalAudit of the contract.
mortise::json::Value reportView(const AuditReport& report);
mortise::json::Value entryView(const AuditReport& report);
mortise::json::Value historicalView(const AuditReport& report);

// An audit that a job makes.
struct AuditRun {
  std::string sessionId;
  std::string userId;
  std::string provider;
  std::string model;
  std::optional<std::string> baseUrl;
  std::optional<std::string> sealedKey;
  mortise::Time leaseUntil;  // a worker is at it until then
  std::int64_t attempts = 0;
  mortise::Time requestedAt;

  static constexpr auto kFields = mortise::fields(
      "sync_audit_runs", mortise::field("session_id", &AuditRun::sessionId).key(),
      mortise::field("user_id", &AuditRun::userId), mortise::field("provider", &AuditRun::provider),
      mortise::field("model", &AuditRun::model), mortise::field("base_url", &AuditRun::baseUrl),
      mortise::field("sealed_key", &AuditRun::sealedKey), mortise::field("lease_until", &AuditRun::leaseUntil),
      mortise::field("attempts", &AuditRun::attempts), mortise::field("requested_at", &AuditRun::requestedAt));
};

// [worker]; every member throws db::Error.
class AuditStore {
 public:
  explicit AuditStore(mortise::Db db) : db_(db) {}
  AuditStore in(const mortise::Transaction& tx) const { return AuditStore(db_.in(tx)); }

  std::optional<AuditReport> find(std::string_view id) const;
  std::optional<AuditReport> latest(std::string_view sessionId) const;
  // Whether one of those that are kept is about this archive.
  bool hasReportOf(std::string_view sessionId, std::string_view etag) const;
  // Newest first, at most kKept.
  std::vector<AuditReport> of(std::string_view sessionId) const;
  // Drops the oldest beyond kKept.
  void add(const AuditReport& report) const;
  void setFindings(const AuditReport& report) const;
  // The trust of the latest report of each session that has one, by session.
  std::map<std::string, std::int64_t> trustOf(const std::vector<std::string>& sessionIds) const;

  // False: one goes on already.
  bool beginRun(const AuditRun& run) const;
  bool isRunning(std::string_view sessionId) const;
  // The next run that no worker is at, taken until `leaseUntil`; empty when there is none.
  std::optional<AuditRun> takeRun(mortise::Time now, mortise::Time leaseUntil) const;
  // False: it is not the worker's any more.
  bool keepRun(const AuditRun& run, mortise::Time leaseUntil) const;
  // For the next worker at once, as if it had not been taken; unless it is not the worker's any more.
  void releaseRun(const AuditRun& run, mortise::Time now) const;
  void endRun(std::string_view sessionId) const;

  void removeOfSession(std::string_view sessionId) const;
  void removeOfUser(std::string_view userId) const;

  static constexpr std::int64_t kKept = 100;  // reports of one session

 private:
  mortise::Db db_;
};

}  // namespace session_sharing
