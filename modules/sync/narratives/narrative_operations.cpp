#include "narratives/narrative_operations.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>

#include <chrono>
#include <utility>

#include "archives/message_lines.hpp"
#include "audits/judge_failure.hpp"
#include "library/session_path.hpp"
#include "narratives/excerpt.hpp"
#include "narratives/story.hpp"

namespace session_sharing {
namespace {

namespace contract = sync_contract::narratives;
namespace json = mortise::json;
namespace models = mortise::models;
using mortise::Reply;

constexpr std::chrono::seconds kTime{120};
constexpr std::int64_t kMaxTokens = 2048;

}  // namespace

NarrativeOperations::NarrativeOperations(mortise::Host host, const Judges& judges, const SummaryService& summaries,
                                         ArchiveThreads& archives, ArchiveThreads& models)
    : blobs_(host.blobs()),
      client_(host.httpClient()),
      done_(host.metrics().counter("narratives_total", "Narratives of sessions", {{"outcome", "done"}})),
      failed_(host.metrics().counter("narratives_total", "Narratives of sessions", {{"outcome", "failed"}})),
      sessions_(host.db()),
      judges_(judges),
      summaries_(summaries),
      archives_(archives),
      models_(models) {}

std::string NarrativeOperations::excerptOf(const Request& request, const CapturedSession& session) const {
  Excerpt excerpt;
  eachMessageLine(
      blobs_, session, [&] { request.stopIfExpired(); },
      [&](MemberLine& line) {
        if (const auto message = readMessage(line)) excerpt.take(*message);
        return true;
      });
  return excerpt.text();
}

void NarrativeOperations::narrateSession(Request& request, const contract::JudgeChoice& body) {
  const auto session = ownSessionById(sessions_, request);
  const auto judge = judges_.judgeFor(session.userId, wishOf(body));
  archives_.run(request, [this, session, judge](const ArchiveThreads::Call& call) {
    const auto& reading = call->request();
    const auto summary = summaries_.summaryOf(session, [&] { reading.stopIfExpired(); });
    const auto questionText = storyQuestion(json::from(summary).build().text(), excerptOf(reading, session));
    models_.run(call, [this, session, judge, summary, questionText](const ArchiveThreads::Call& waiting) {
      waiting->answer(narrate(waiting->request(), session, summary, questionText, judge));
    });
  });
}

Reply NarrativeOperations::narrate(const Request& request, const CapturedSession& session,
                                   const SessionSummary& summary, const std::string& questionText,
                                   const Judge& judge) const {
  models::Question question{.model = judge.model,
                            .messages = {models::system(storyPrompt()), models::user(questionText)}};
  question.maxTokens = kMaxTokens;
  question.temperature = 0;
  question.timeout = question.idleTimeout = kTime;
  question.stopped = [&] { return request.expired(); };
  try {
    auto narrative = narrativeOf(client_.ask(judge.endpoint, question).text);
    if (!narrative) throw models::Error(models::Error::Cause::unreadable, "the model's answer holds no narrative");
    narrative->model = judge.model;
    summaries_.store().setNarrative(session.id, *narrative);
    done_.add();
    // With what another request may have written meanwhile; a push may have outdated the summary.
    auto latestSummary = summaries_.find(session).value_or(summary);
    latestSummary.narrative = std::move(*narrative);
    return Reply::raw(json::from(latestSummary).build().text(), "application/json");
  } catch (const models::Error& error) {
    failed_.add();
    auto failure = judgeFailure(request, error);
    const auto* code = failure.status() == 504 ? "llm_timeout" : "llm_request_failed";
    const auto details = json::object({{"code", code}, {"message", error.note()}, {"status", failure.status()}});
    summaries_.store().setNarrativeError(session.id, details.text());
    return failure;
  }
}

}  // namespace session_sharing
