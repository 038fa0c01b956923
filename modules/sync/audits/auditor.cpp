#include "audits/auditor.hpp"

#include <mortise/json.hpp>
#include <mortise/time.hpp>
#include <mortise/uuid.hpp>

#include <chrono>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "archives/message_lines.hpp"
#include "audits/claims.hpp"
#include "audits/transcript.hpp"

namespace session_sharing {
namespace {

namespace json = mortise::json;
namespace models = mortise::models;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kCallTime{120};
constexpr std::int64_t kMaxTokens = 4096;
constexpr std::size_t kMaxClaims = 40;    // of a window
constexpr std::size_t kMaxEvidence = 80;  // of a window
constexpr std::size_t kMaxUses = 4096;    // tool calls whose results have not come yet

// English, as all that is not an error's message.
constexpr const char* kNoTools = "The session has no tool calls: there is nothing to check its claims against.";
constexpr const char* kSomeFailed = "The judging model did not answer about every part of the session.";
constexpr const char* kPartsOnly =
    "The session makes more claims than one audit checks: the parts with most of them were audited.";

// Calls use(message) for each message, in order.
template <class Use>
void eachMessage(const mortise::Blobs& blobs, const CapturedSession& session, const std::function<void()>& cancelled,
                 Use&& use) {
  eachMessageLine(blobs, session, cancelled, [&](MemberLine& line) {
    if (const auto message = readMessage(line)) return use(*message);
    return true;
  });
}

// Tools and their results, brought together by the id of the call.
class OpenCalls {
 public:
  void open(const ToolUse& use) {
    if (uses_.size() >= kMaxUses) uses_.clear();
    if (!use.id.empty()) uses_[use.id] = use;
  }
  Evidence close(std::int64_t messageIndex, const ToolOutcome& outcome) {
    Evidence out{messageIndex, "unknown", {}, outcome.text, outcome.isError, outcome.exitCode};
    const auto use = uses_.find(outcome.id);
    if (use == uses_.end()) return out;
    out.tool = std::move(use->second.name);
    out.target = std::move(use->second.target);
    uses_.erase(use);
    return out;
  }

 private:
  std::unordered_map<std::string, ToolUse> uses_;
};

}  // namespace

std::string makeAuditId() { return mortise::makePrefixedId("aud_"); }

Auditor::Auditor(mortise::Host host)
    : blobs_(host.blobs()),
      log_(host.log()),
      client_(host.httpClient()),
      answered_(host.metrics().counter("model_calls_total", "Questions to judging models", {{"outcome", "answered"}})),
      failed_(host.metrics().counter("model_calls_total", "Questions to judging models", {{"outcome", "failed"}})),
      inputTokens_(host.metrics().counter("model_tokens_total", "Tokens of judging models", {{"direction", "input"}})),
      outputTokens_(
          host.metrics().counter("model_tokens_total", "Tokens of judging models", {{"direction", "output"}})),
      seconds_(host.metrics().histogram("model_call_seconds", "Time that judging models took", {},
                                        {0.5, 1, 2, 5, 10, 20, 40, 80, 120})) {}

AuditSurvey Auditor::survey(const CapturedSession& session, const std::function<void()>& cancelled) const {
  AuditSurvey out;
  std::vector<std::size_t> claims;
  ClaimFinder finder;
  eachMessage(blobs_, session, cancelled, [&](const TranscriptMessage& message) {
    ++out.messages;
    out.toolCalls += std::ssize(message.uses);
    claims.push_back(finder.take(message).size());
    out.claims += static_cast<std::int64_t>(claims.back());
    return true;
  });
  out.windows = chooseWindows(claims);
  return out;
}

std::vector<WindowContent> Auditor::contentsOf(const CapturedSession& session, const std::vector<AuditWindow>& windows,
                                               const std::function<void()>& cancelled) const {
  std::vector<WindowContent> out(windows.size());
  if (windows.empty()) return out;
  ClaimFinder finder;
  OpenCalls calls;
  std::size_t position = 0;
  eachMessage(blobs_, session, cancelled, [&](const TranscriptMessage& message) {
    const auto claims = finder.take(message);
    std::vector<Evidence> evidence;
    for (const auto& use : message.uses) calls.open(use);
    for (const auto& outcome : message.outcomes) evidence.push_back(calls.close(message.index, outcome));
    for (std::size_t i = 0; i < windows.size(); ++i) {
      if (position < windows[i].first || position >= windows[i].end) continue;
      for (const auto& claim : claims) {
        if (out[i].claims.size() < kMaxClaims) out[i].claims.push_back({message.index, claim});
      }
      for (const auto& one : evidence) {
        if (out[i].evidence.size() < kMaxEvidence) out[i].evidence.push_back(one);
      }
    }
    return ++position < windows.back().end;
  });
  return out;
}

std::optional<std::vector<Finding>> Auditor::judged(const WindowContent& window, const Judge& judge,
                                                    const std::function<bool()>& stopped) const {
  models::Question question{.model = judge.model,
                            .messages = {models::system(judgePrompt()), models::user(judgeQuestion(window))}};
  question.maxTokens = kMaxTokens;
  question.temperature = 0;
  question.timeout = kCallTime;
  question.idleTimeout = kCallTime;
  question.stopped = stopped;
  const auto start = Clock::now();
  const auto answer = client_.ask(judge.endpoint, question);
  seconds_.observe(std::chrono::duration<double>(Clock::now() - start).count());
  inputTokens_.add(static_cast<std::uint64_t>(std::max<std::int64_t>(0, answer.usage.inputTokens)));
  outputTokens_.add(static_cast<std::uint64_t>(std::max<std::int64_t>(0, answer.usage.outputTokens)));
  return findingsOf(answer.text, window.claims);
}

AuditReport Auditor::audit(const CapturedSession& session, const AuditSurvey& survey,
                           const std::vector<WindowContent>& windows, const Judge& judge,
                           const std::function<bool()>& stopped, const std::function<void()>& betweenCalls) const {
  const auto start = Clock::now();
  std::vector<Finding> findings;
  std::set<std::pair<std::int64_t, std::string>> judgedClaims;  // windows overlap
  std::optional<models::Error> failure;
  std::size_t answered = 0;
  for (const auto& window : windows) {
    betweenCalls();
    try {
      auto windowFindings = judged(window, judge, stopped);
      if (!windowFindings)
        throw models::Error(models::Error::Cause::unreadable, "the model's answer holds no findings");
      ++answered;
      answered_.add();
      for (auto& finding : *windowFindings) {
        if (judgedClaims.emplace(finding.messageIndex, finding.claim).second) findings.push_back(std::move(finding));
      }
    } catch (const models::Error& error) {
      if (error.cause() == models::Error::Cause::stopped) throw;
      failed_.add();
      log_.warning("a judging model gave no answer",
                   {{"session", session.id}, {"model", judge.model}, {"reason", error.note()}});
      failure = error;
      if (error.cause() == models::Error::Cause::denied || error.cause() == models::Error::Cause::addressRefused) break;
    }
  }
  if (answered == 0 && failure) throw *failure;

  json::List warnings;
  if (survey.toolCalls == 0) warnings.add(kNoTools);
  if (failure) warnings.add(kSomeFailed);
  std::int64_t shown = 0;
  for (const auto& window : windows) shown += std::ssize(window.claims);
  if (shown < survey.claims) warnings.add(kPartsOnly);

  AuditReport report;
  report.id = makeAuditId();
  report.sessionId = session.id;
  report.userId = session.userId;
  report.model = judge.model;
  report.provider = judge.provider;
  report.baseUrl = judge.baseUrl;
  report.take(findings);
  report.warnings = warnings.build().text();
  report.executionTimeMs = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start).count();
  report.createdAt = mortise::now();
  report.etag = session.etag;
  return report;
}

}  // namespace session_sharing
