#include "summaries/summary_service.hpp"

#include <mortise/problem.hpp>
#include <mortise/time.hpp>

#include <rapidjson/document.h>

#include <utility>

#include "archives/message_lines.hpp"
#include "archives/untrusted_json.hpp"
#include "summaries/session_facts.hpp"

namespace session_sharing {

std::optional<SessionSummary> SummaryService::find(const CapturedSession& session) const {
  auto summary = store_.find(session.id);
  if (!summary || summary->etag != session.etag) return std::nullopt;
  return std::move(*summary).of(session);
}

SessionSummary SummaryService::summaryOf(const CapturedSession& session, const std::function<void()>& cancelled) const {
  auto summary = find(session);
  return summary ? *std::move(summary) : makeSummary(session, cancelled);
}

SessionSummary SummaryService::makeSummary(const CapturedSession& session,
                                           const std::function<void()>& cancelled) const {
  FactCollector collector;
  eachMessageLine(blobs_, session, cancelled, [&](MemberLine& line) {
    rapidjson::Document message;
    if (!line.text.empty() && parseInPlace(line.text, message)) collector.add(message);
    return true;
  });
  if (collector.messages() == 0) throw mortise::Problem(422, "summary_no_messages");
  if (session.metadata.personaName) collector.addPersona(*session.metadata.personaName);

  SessionSummary summary;
  summary.sessionId = session.id;
  summary.etag = session.etag;
  summary.facts = collector.facts();
  summary.generatedAt = mortise::now();
  if (!store_.putFacts(summary)) throw mortise::Problem(404, "session_not_found");
  return mortise::orNotFound(store_.find(session.id), "session_not_found").of(session);
}

}  // namespace session_sharing
