#include "summaries/summary_operations.hpp"

#include <mortise/time.hpp>

#include <chrono>
#include <optional>
#include <string>

#include "library/session_path.hpp"

namespace session_sharing {
namespace {

namespace json = mortise::json;
using mortise::Reply;
using mortise::Request;

constexpr std::int64_t kMaxListed = 100;

// Midnight UTC of a day that the contract has checked: YYYY-MM-DD.
mortise::Time dayOf(const std::string& text) { return mortise::parseTime(text + "T00:00:00Z").value(); }

json::Object view(const SummarisedSession& one) {
  json::Object out;
  out.add("session_id", one.session.id)
      .add("title", one.session.metadata.title.value_or("Untitled"))
      .add("tool", one.session.metadata.sourceTool)
      .add("message_count", one.session.metadata.messageCount)
      .add("created_at", mortise::isoTime(one.session.createdAt, mortise::kIsoMicros));
  if (!one.summary) return out;
  const auto& facts = one.summary->facts;
  return out.add("tool_call_count", facts.toolCallCount)
      .add("files_modified", json::list(facts.filesModified))
      .add("commands_executed", facts.commandsExecuted)
      .add("tests_run", facts.testsRun)
      .add("tests_passed", facts.testsPassed)
      .add("tests_failed", facts.testsFailed);
}

}  // namespace

void SummaryOperations::readSessionSummary(Request& request) {
  const auto session = ownSessionById(store_, request);
  if (const auto summary = service_.find(session)) {
    request.answer(Reply::ok(json::from(*summary)));
    return;
  }
  threads_.answer(request, [this, session](const Request& waiting) {
    return Reply::ok(json::from(service_.summaryOf(session, [&] { waiting.stopIfExpired(); })));
  });
}

void SummaryOperations::makeSessionSummary(Request& request) {
  threads_.answer(request, [this, session = ownSessionById(store_, request)](const Request& waiting) {
    return Reply::ok(json::from(service_.makeSummary(session, [&] { waiting.stopIfExpired(); })));
  });
}

Reply SummaryOperations::listSummaries(const Request& request) {
  const auto day = [&](std::string_view name) {
    const auto text = request.query(name).text();
    return text ? std::optional(dayOf(*text)) : std::nullopt;
  };
  const auto from = day("since").value_or(mortise::timeOf(0));
  const auto last = day("until");
  const auto to = last ? *last + std::chrono::days(1) : mortise::now() + std::chrono::days(1);
  return Reply::ok(json::list(service_.store().list(request.principal().userId, from, to, kMaxListed),
                              [](const SummarisedSession& one) { return view(one).build(); }));
}

}  // namespace session_sharing
