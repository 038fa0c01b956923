#include "watching/watch_list.hpp"

#include <mortise/problem.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace session_sharing {
namespace {

namespace db = mortise::db;

constexpr std::array<std::string_view, 4> kStatuses{"pending", "queued", "synced", "failed"};

}  // namespace

bool isWatchStatus(std::string_view text) {
  return std::find(kStatuses.begin(), kStatuses.end(), text) != kStatuses.end();
}

std::vector<WatchedSession> WatchList::list(std::string_view userId) const {
  std::vector<WatchedSession> out;
  db_.each<std::string, std::optional<std::string>, std::optional<std::string>, std::optional<std::int64_t>,
           std::string, std::optional<mortise::Time>>(
      "SELECT w.session_id, s.title, s.source_tool, s.message_count, w.status, w.last_synced_at FROM sync_watchlist w "
      "LEFT JOIN sync_captured_sessions s ON s.id = w.session_id "
      "WHERE w.user_id = :user ORDER BY w.watched_at DESC, w.session_id DESC LIMIT :most",
      {{"user", userId}, {"most", kMaxWatched}},
      [&](std::string id, std::optional<std::string> title, std::optional<std::string> tool,
          std::optional<std::int64_t> messages, std::string status, std::optional<mortise::Time> syncedAt) {
        out.push_back(
            {std::move(id), std::move(title), std::move(tool), messages.value_or(0), std::move(status), syncedAt});
      });
  return out;
}

void WatchList::add(std::string_view userId, std::string_view sessionId, mortise::Time now) const {
  db_.transaction([&](db::Session& session) {
    const bool isNew = session.execute(
                           "INSERT INTO sync_watchlist (user_id, session_id, status, watched_at) "
                           "VALUES (:user, :id, 'pending', :now) ON CONFLICT (user_id, session_id) DO NOTHING",
                           {{"user", userId}, {"id", sessionId}, {"now", now}}) > 0;
    if (!isNew) return;
    const auto count =
        session.queryOne<std::int64_t>("SELECT COUNT(*) FROM sync_watchlist WHERE user_id = :user", {{"user", userId}});
    if (count.value() > kMaxWatched) throw mortise::Problem(409, "watchlist_full").with("most", kMaxWatched);
  });
}

void WatchList::remove(std::string_view userId, std::string_view sessionId) const {
  db_.execute("DELETE FROM sync_watchlist WHERE user_id = :user AND session_id = :id",
              {{"user", userId}, {"id", sessionId}});
}

bool WatchList::setStatus(std::string_view userId, std::string_view sessionId, std::string_view status,
                          mortise::Time now) const {
  const auto syncedAt = status == "synced" ? std::optional(now) : std::nullopt;
  return db_.execute(
             "UPDATE sync_watchlist SET status = :status, last_synced_at = COALESCE(:time, last_synced_at) "
             "WHERE user_id = :user AND session_id = :id",
             {{"status", status}, {"time", syncedAt}, {"user", userId}, {"id", sessionId}}) > 0;
}

WatchCounts WatchList::counts(std::string_view userId) const {
  WatchCounts out;
  db_.each<std::string, std::int64_t>(
      "SELECT status, COUNT(*) FROM sync_watchlist WHERE user_id = :user GROUP BY status", {{"user", userId}},
      [&](const std::string& status, std::int64_t count) {
        out.watched += count;
        if (status == "queued") out.queued = count;
        if (status == "failed") out.failed = count;
      });
  return out;
}

void WatchList::sessionRemoved(const mortise::Transaction& tx, const CapturedSession& session) {
  db_.in(tx).execute("DELETE FROM sync_watchlist WHERE session_id = :id", {{"id", session.id}});
}

void WatchList::accountRemoved(const mortise::Transaction& tx, std::string_view userId) {
  db_.in(tx).execute("DELETE FROM sync_watchlist WHERE user_id = :user", {{"user", userId}});
}

}  // namespace session_sharing
