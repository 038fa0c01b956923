// The sessions that a user's clients push by themselves in the mode selective, and how far they are with each.
#pragma once

#include <mortise/db.hpp>
#include <mortise/entity.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "library/account_removal.hpp"
#include "library/session_removal.hpp"

namespace session_sharing {

// A watched session, with what its row says of it.
struct WatchedSession {
  std::string sessionId;
  std::optional<std::string> title;
  std::optional<std::string> sourceTool;
  std::int64_t messageCount = 0;
  std::string status;
  std::optional<mortise::Time> lastSyncedAt;
};

// How many are in which state.
struct WatchCounts {
  std::int64_t watched = 0;
  std::int64_t queued = 0;
  std::int64_t failed = 0;
};

// pending, queued, synced, failed. [any]
bool isWatchStatus(std::string_view text);

// [worker]
class WatchList : public SessionRemoval, public AccountRemoval {
 public:
  // A list is shown whole, so it has an end.
  static constexpr std::int64_t kMaxWatched = 10000;

  explicit WatchList(mortise::Db db) : db_(db) {}
  // The same as a part of a transaction.
  WatchList in(const mortise::Transaction& tx) const { return WatchList(db_.in(tx)); }

  // The one that was added last comes first.
  std::vector<WatchedSession> list(std::string_view userId) const;
  // As pending; one that is there stays as it is. Problem 409 watchlist_full.
  void add(std::string_view userId, std::string_view sessionId, mortise::Time now) const;
  void remove(std::string_view userId, std::string_view sessionId) const;
  // False: the session is not watched. `synced` notes the time.
  bool setStatus(std::string_view userId, std::string_view sessionId, std::string_view status, mortise::Time now) const;
  WatchCounts counts(std::string_view userId) const;

  void sessionRemoved(const mortise::Transaction& tx, const CapturedSession& session) override;
  void accountRemoved(const mortise::Transaction& tx, std::string_view userId) override;

 private:
  mortise::Db db_;
};

}  // namespace session_sharing
