// The table of summaries.
#pragma once

#include <mortise/db.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "library/session_removal.hpp"
#include "summaries/session_summary.hpp"

namespace session_sharing {

// A session in the list of summaries; `summary` when it has one.
struct SummarisedSession {
  CapturedSession session;
  std::optional<SessionSummary> summary;
};

// [worker]
class SummaryStore : public SessionRemoval {
 public:
  explicit SummaryStore(mortise::Db db) : db_(db) {}
  // The same store as a part of a transaction.
  SummaryStore in(const mortise::Transaction& tx) const { return SummaryStore(db_.in(tx)); }

  std::optional<SessionSummary> find(std::string_view sessionId) const;
  // Keeps facts, etag and time; what a model made stays as it is. False: the session is gone.
  bool putFacts(const SessionSummary& summary) const;
  // Replaces what a model made, and forgets the error; false: the session has no summary.
  bool setNarrative(std::string_view sessionId, const SessionNarrative& narrative) const;
  // Keeps why a model made none, JSON; false: the session has no summary.
  bool setNarrativeError(std::string_view sessionId, std::string_view errorJson) const;

  // The user's live sessions that were created in [from, to), the newest first, at most `limit`.
  std::vector<SummarisedSession> list(std::string_view userId, mortise::Time from, mortise::Time to,
                                      std::int64_t limit) const;

  void sessionRemoved(const mortise::Transaction& tx, const CapturedSession& session) override;

 private:
  mortise::Db db_;
};

}  // namespace session_sharing
