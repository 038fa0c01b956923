// A session, and what happened in it.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/names.hpp>
#include <mortise/time.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conversations/event_id.hpp"

namespace agent {

enum class SessionKind { session, thread };
constexpr auto mortiseNames(SessionKind) {
  return mortise::names<SessionKind>({{SessionKind::session, "session"}, {SessionKind::thread, "thread"}});
}

enum class SessionStatus { pending, running, waiting, completed };
constexpr auto mortiseNames(SessionStatus) {
  return mortise::names<SessionStatus>({{SessionStatus::pending, "pending"},
                                        {SessionStatus::running, "running"},
                                        {SessionStatus::waiting, "waiting"},
                                        {SessionStatus::completed, "completed"}});
}

// Who works on a session, and until when without another word of theirs.
struct TaskLease {
  std::string run;  // empty: nobody
  std::string server;
  mortise::Time until;
};

struct Session {
  std::string id;
  SessionKind kind = SessionKind::session;
  std::optional<std::string> owner;
  std::string title;
  SessionStatus status = SessionStatus::pending;
  std::int64_t unread = 0;
  std::string latestMessage;
  std::optional<mortise::Time> latestMessageAt;
  std::int64_t listedAt = INT64_MAX;
  mortise::Time createdAt;
  mortise::Time usedAt;
  std::int64_t lastMs = 0;
  std::int64_t lastSeq = 0;
  std::int64_t events = 0;
  std::int64_t bytes = 0;
  std::int64_t taskMs = 0;
  std::int64_t taskSeq = 0;
  std::string run;
  std::string server;
  mortise::Time leaseUntil;
  std::string progress = "{}";
  std::string language = "zh-CN";  // of the last message's request

  EventId last() const { return {lastMs, lastSeq}; }
  EventId taskStart() const { return {taskMs, taskSeq}; }
  bool isRunning() const { return !run.empty(); }
  // A task works on it now. One that asks the user in the middle of a call holds the session, but does not work.
  bool isAtWork() const { return isRunning() && status != SessionStatus::waiting; }
  TaskLease lease() const { return {run, server, leaseUntil}; }

  static constexpr auto kFields = mortise::fields(
      "agent_sessions", mortise::field("id", &Session::id).key(), mortise::field("kind", &Session::kind).fixed(),
      mortise::field("owner", &Session::owner), mortise::field("title", &Session::title),
      mortise::field("status", &Session::status), mortise::field("unread", &Session::unread),
      mortise::field("latest_message", &Session::latestMessage),
      mortise::field("latest_message_at", &Session::latestMessageAt), mortise::field("listed_at", &Session::listedAt),
      mortise::field("created_at", &Session::createdAt).fixed(), mortise::field("used_at", &Session::usedAt),
      mortise::field("last_ms", &Session::lastMs), mortise::field("last_seq", &Session::lastSeq),
      mortise::field("events", &Session::events), mortise::field("bytes", &Session::bytes),
      mortise::field("task_ms", &Session::taskMs), mortise::field("task_seq", &Session::taskSeq),
      mortise::field("run", &Session::run), mortise::field("server", &Session::server),
      mortise::field("lease_until", &Session::leaseUntil), mortise::field("progress", &Session::progress),
      mortise::field("language", &Session::language));
};

// What lists show of a session.
struct SessionItem {
  std::string id;
  std::string title;
  SessionStatus status = SessionStatus::pending;
  std::int64_t unread = 0;
  std::string latestMessage;
  std::optional<mortise::Time> latestMessageAt;

  static constexpr auto kFields = mortise::fields(
      "agent_sessions", mortise::field("id", &SessionItem::id).key(), mortise::field("title", &SessionItem::title),
      mortise::field("status", &SessionItem::status), mortise::field("unread", &SessionItem::unread),
      mortise::field("latest_message", &SessionItem::latestMessage),
      mortise::field("latest_message_at", &SessionItem::latestMessageAt));
};
constexpr std::size_t kLatestCharacters = 100;  // of the latest message

// An event to be. `write` appends what stands behind event_id and created_at in its data, beginning with a comma, or
// nothing.
struct NewEvent {
  std::string kind;
  std::function<void(std::string& out, std::string_view eventId, std::int64_t createdAt)> write{};
  std::int64_t createdAt = 0;  // seconds; 0: now
};

struct StoredEvent {
  std::string sessionId;
  std::int64_t number = 0;
  std::int64_t ms = 0;
  std::int64_t seq = 0;
  std::string kind;
  std::string data;

  EventId id() const { return {ms, seq}; }

  static constexpr auto kFields = mortise::fields(
      "agent_events", mortise::field("session_id", &StoredEvent::sessionId).key(),
      mortise::field("number", &StoredEvent::number).key(), mortise::field("ms", &StoredEvent::ms).fixed(),
      mortise::field("seq", &StoredEvent::seq).fixed(), mortise::field("kind", &StoredEvent::kind).fixed(),
      mortise::field("data", &StoredEvent::data).fixed());
};

// Whether a stream ends behind such an event.
inline bool endsStream(std::string_view kind) { return kind == "done" || kind == "wait" || kind == "error"; }

struct Input {
  std::string sessionId;
  std::int64_t number = 0;
  std::string text;
  std::vector<std::string> attachments;

  static constexpr auto kFields =
      mortise::fields("agent_inputs", mortise::field("session_id", &Input::sessionId).key(),
                      mortise::field("number", &Input::number).key(), mortise::field("text", &Input::text).fixed(),
                      mortise::field("attachments", &Input::attachments).fixed());
};

struct SessionFile {
  std::string sessionId;
  std::string path;
  std::string fileId;
  bool made = false;
  mortise::Time addedAt;

  static constexpr auto kFields =
      mortise::fields("agent_session_files", mortise::field("session_id", &SessionFile::sessionId).key(),
                      mortise::field("path", &SessionFile::path).key(), mortise::field("file_id", &SessionFile::fileId),
                      mortise::field("made", &SessionFile::made), mortise::field("added_at", &SessionFile::addedAt));
};

}  // namespace agent
