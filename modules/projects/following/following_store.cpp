#include "following/following_store.hpp"

#include <mortise/rows.hpp>
#include <mortise/where.hpp>

#include <algorithm>
#include <utility>

#include "in_parts.hpp"

namespace projects {
namespace {

namespace db = mortise::db;
using mortise::Time;

constexpr std::size_t kAtOnce = 256;

// Removes what the users of these notifications have not read yet of the tickets, and returns it. The text is the same
// for 1, 2, 4, 8, … of them.
std::vector<TicketNotification> takeUnread(db::Session& session, const std::vector<TicketNotification>& of) {
  std::size_t slots = 1;
  while (slots < of.size()) slots *= 2;
  std::string pairs;
  std::vector<std::string> names;
  names.reserve(slots * 2);
  std::vector<db::Parameter> parameters;
  for (std::size_t i = 0; i < slots; ++i) {
    const auto& one = of[std::min(i, of.size() - 1)];
    const auto& ticket = names.emplace_back("t" + std::to_string(i));
    const auto& user = names.emplace_back("u" + std::to_string(i));
    pairs.append(i == 0 ? "(ticket_id = :" : " OR (ticket_id = :").append(ticket);
    pairs.append(" AND user_id = :").append(user).append(")");
    parameters.emplace_back(ticket, one.ticketId);
    parameters.emplace_back(user, one.userId);
  }
  std::vector<TicketNotification> out;
  for (auto& [ticketId, userId, kind, summary, actorType, actorUserId, serviceKeyName, eventCount, createdAt] :
       session.query<std::string, std::string, NotificationKind, std::string, TicketActorType,
                     std::optional<std::string>, std::optional<std::string>, std::int64_t, Time>(
           "DELETE FROM projects_ticket_notifications WHERE read_at IS NULL AND (" + pairs +
               ") RETURNING ticket_id, user_id, kind, summary, actor_type, actor_user_id, service_key_name, "
               "event_count, created_at",
           parameters)) {
    auto& one = out.emplace_back();
    one.ticketId = std::move(ticketId);
    one.userId = std::move(userId);
    one.kind = kind;
    one.summary = std::move(summary);
    one.actorType = actorType;
    one.actorUserId = std::move(actorUserId);
    one.serviceKeyName = std::move(serviceKeyName);
    one.eventCount = eventCount;
    one.createdAt = createdAt;
  }
  return out;
}

// Counts what was unread, and shows it still where it matters as much.
void putBehind(const TicketNotification& unread, TicketNotification& next) {
  next.eventCount = unread.eventCount + 1;
  next.createdAt = unread.createdAt;
  if (unread.kind < next.kind) return;
  next.kind = unread.kind;
  next.summary = unread.summary;
  next.actorType = unread.actorType;
  next.actorUserId = unread.actorUserId;
  next.serviceKeyName = unread.serviceKeyName;
}

}  // namespace

bool FollowingStore::watch(const TicketWatcher& watcher) const {
  return db_.execute(
             "INSERT INTO projects_ticket_watchers (ticket_id, user_id, persona_name, source, muted, created_at) "
             "SELECT :ticket, :user, :persona, :source, :muted, :now WHERE (SELECT COUNT(*) FROM "
             "projects_ticket_watchers WHERE ticket_id = :ticket) < :most ON CONFLICT (ticket_id, user_id) DO NOTHING",
             {{"ticket", watcher.ticketId},
              {"user", watcher.userId},
              {"persona", watcher.personaName},
              {"source", watcher.source},
              {"muted", watcher.muted},
              {"now", watcher.createdAt},
              {"most", kMaxWatchers}}) > 0 ||
         db::exists<TicketWatcher>(db_, "WHERE ticket_id = :ticket AND user_id = :user",
                                   {{"ticket", watcher.ticketId}, {"user", watcher.userId}});
}

void FollowingStore::mute(std::string_view ticketId, std::string_view userId, bool muted) const {
  db_.execute("UPDATE projects_ticket_watchers SET muted = :muted WHERE ticket_id = :ticket AND user_id = :user",
              {{"muted", muted}, {"ticket", ticketId}, {"user", userId}});
}

void FollowingStore::unwatch(std::string_view ticketId, std::string_view userId) const {
  db::remove<TicketWatcher>(db_, ticketId, userId);
}

std::optional<TicketWatcher> FollowingStore::watcher(std::string_view ticketId, std::string_view userId) const {
  return db::find<TicketWatcher>(db_, ticketId, userId);
}

std::vector<TicketWatcher> FollowingStore::watchers(const std::vector<std::string>& ticketIds) const {
  std::vector<TicketWatcher> out;
  inParts(ticketIds, kAtOnce, [&](const std::vector<std::string>& some) {
    db::Where where;
    where.in("ticket_id", some).equals("muted", false);
    for (auto& each : db::rows<TicketWatcher>(db_, where.text() + " ORDER BY ticket_id, user_id", where.parameters()))
      out.push_back(std::move(each));
  });
  return out;
}

void FollowingStore::notify(const std::vector<TicketNotification>& notifications) const {
  constexpr std::size_t kPairs = 64;
  db_.transaction([&](db::Session& session) {
    inParts(notifications, kPairs, [&](std::vector<TicketNotification> next) {
      for (const auto& unread : takeUnread(session, next)) {
        const auto one = std::find_if(next.begin(), next.end(), [&](const TicketNotification& each) {
          return each.ticketId == unread.ticketId && each.userId == unread.userId;
        });
        if (one != next.end()) putBehind(unread, *one);
      }
      db::insertAll(session, next);
    });
  });
}

std::vector<TicketNotification> FollowingStore::newest(std::string_view userId, bool unreadOnly,
                                                       const std::optional<std::int64_t>& before,
                                                       std::size_t limit) const {
  db::Where where;
  where.equals("user_id", userId).less("id", db::ifSent(before));
  if (unreadOnly) where.isNull("read_at");
  return db::rows<TicketNotification>(db_, where.text() + " ORDER BY id DESC LIMIT " + std::to_string(limit),
                                      where.parameters());
}

std::vector<TicketNotification> FollowingStore::after(std::string_view userId, std::int64_t after,
                                                      std::size_t limit) const {
  return db::rows<TicketNotification>(db_, "WHERE user_id = :user AND id > :after ORDER BY id LIMIT :limit",
                                      {{"user", userId}, {"after", after}, {"limit", limit}});
}

std::int64_t FollowingStore::read(std::string_view userId, const std::vector<std::int64_t>& ids, Time now) const {
  if (ids.empty()) return 0;
  db::Where where;
  where.in("id", ids).equals("user_id", userId).isNull("read_at");
  auto parameters = where.parameters();
  parameters.emplace_back("now", now);
  return db_.execute("UPDATE projects_ticket_notifications SET read_at = :now " + where.text(), parameters);
}

std::int64_t FollowingStore::readAll(std::string_view userId, Time now) const {
  return db_.execute(
      "UPDATE projects_ticket_notifications SET read_at = :now WHERE user_id = :user AND read_at IS NULL",
      {{"now", now}, {"user", userId}});
}

std::int64_t FollowingStore::forgetBefore(Time time, std::int64_t limit) const {
  return db_.execute(
      "DELETE FROM projects_ticket_notifications WHERE id IN (SELECT id FROM projects_ticket_notifications "
      "WHERE updated_at < :time ORDER BY updated_at, id LIMIT :limit)",
      {{"time", time}, {"limit", limit}});
}

std::int64_t FollowingStore::cursor(std::string_view userId, std::string_view reader) const {
  return db_
      .queryOne<std::int64_t>(
          "SELECT last_seen FROM projects_ticket_cursors WHERE user_id = :user AND reader = :reader",
          {{"user", userId}, {"reader", reader}})
      .value_or(0);
}

std::int64_t FollowingStore::advance(std::string_view userId, std::string_view reader, std::int64_t to,
                                     Time now) const {
  constexpr std::int64_t kForgottenAtOnce = 100;
  return db_.transaction([&](db::Session& session) {
    const auto place =
        session
            .queryOne<std::int64_t>(
                "INSERT INTO projects_ticket_cursors (user_id, reader, last_seen, updated_at) "
                "VALUES (:user, :reader, :to, :now) ON CONFLICT (user_id, reader) DO UPDATE SET last_seen = CASE WHEN "
                "excluded.last_seen > projects_ticket_cursors.last_seen THEN excluded.last_seen ELSE "
                "projects_ticket_cursors.last_seen END, updated_at = excluded.updated_at RETURNING last_seen",
                {{"user", userId}, {"reader", reader}, {"to", to}, {"now", now}})
            .value_or(to);
    session.execute(
        "DELETE FROM projects_ticket_cursors WHERE user_id = :user AND reader IN (SELECT reader FROM "
        "projects_ticket_cursors WHERE user_id = :user ORDER BY updated_at DESC, reader DESC LIMIT :most OFFSET :kept)",
        {{"user", userId}, {"most", kForgottenAtOnce}, {"kept", kMaxReaders}});
    return place;
  });
}

void FollowingStore::forgetUser(std::string_view userId) const {
  db_.transaction([&](db::Session& session) {
    for (const char* statement : {"DELETE FROM projects_ticket_watchers WHERE user_id = :user",
                                  "DELETE FROM projects_ticket_notifications WHERE user_id = :user",
                                  "DELETE FROM projects_ticket_cursors WHERE user_id = :user"})
      session.execute(statement, {{"user", userId}});
  });
}

}  // namespace projects
