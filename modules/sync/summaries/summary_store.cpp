#include "summaries/summary_store.hpp"

#include <mortise/rows.hpp>
#include <mortise/where.hpp>

#include <map>
#include <utility>

#include "library/captured_session_store.hpp"

namespace session_sharing {

namespace db = mortise::db;

std::optional<SessionSummary> SummaryStore::find(std::string_view sessionId) const {
  return db::find<SessionSummary>(db_, sessionId);
}

bool SummaryStore::putFacts(const SessionSummary& summary) const {
  return db_.transaction([&](mortise::Transaction& tx) {
    // A removal that comes now waits, and takes the summary along; so does another one who makes it.
    if (!CapturedSessionStore(db_).in(tx).holdAny(summary.sessionId)) return false;
    if (!db::update<&SessionSummary::facts, &SessionSummary::etag, &SessionSummary::generatedAt>(tx, summary))
      db::insert(tx, summary);
    return true;
  });
}

bool SummaryStore::setNarrative(std::string_view sessionId, const SessionNarrative& narrative) const {
  SessionSummary summary;
  summary.sessionId = sessionId;
  summary.narrative = narrative;
  return db::update<&SessionSummary::narrative, &SessionSummary::narrativeError>(db_, summary);
}

bool SummaryStore::setNarrativeError(std::string_view sessionId, std::string_view errorJson) const {
  SessionSummary summary;
  summary.sessionId = sessionId;
  summary.narrativeError = errorJson;
  return db::update<&SessionSummary::narrativeError>(db_, summary);
}

std::vector<SummarisedSession> SummaryStore::list(std::string_view userId, mortise::Time from, mortise::Time to,
                                                  std::int64_t limit) const {
  auto session = db_.read();
  std::vector<SummarisedSession> out;
  std::vector<std::string> ids;
  for (auto& one : db::rows<CapturedSession>(session,
                                             "WHERE user_id = :user AND is_deleted = 0 AND created_at >= :from "
                                             "AND created_at < :to ORDER BY created_at DESC, id DESC LIMIT :limit",
                                             {{"user", userId}, {"from", from}, {"to", to}, {"limit", limit}})) {
    ids.push_back(one.id);
    out.push_back({std::move(one), std::nullopt});
  }
  if (ids.empty()) return out;
  db::Where where;
  where.in("session_id", ids);
  std::map<std::string, SessionSummary> summaries;
  for (auto& summary : db::rows<SessionSummary>(session, where.text(), where.parameters())) {
    auto id = summary.sessionId;
    summaries.emplace(std::move(id), std::move(summary));
  }
  for (auto& one : out) {
    if (const auto summary = summaries.find(one.session.id); summary != summaries.end())
      one.summary = std::move(summary->second).of(one.session);
  }
  return out;
}

void SummaryStore::sessionRemoved(const mortise::Transaction& tx, const CapturedSession& session) {
  db_.in(tx).execute("DELETE FROM sync_session_summaries WHERE session_id = :id", {{"id", session.id}});
}

}  // namespace session_sharing
