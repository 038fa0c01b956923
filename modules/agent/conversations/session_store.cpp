#include "conversations/session_store.hpp"

#include <mortise/problem.hpp>
#include <mortise/rows.hpp>

#include <tuple>

#include "conversations/events.hpp"

namespace agent {
namespace {

namespace db = mortise::db;
using mortise::Problem;
using mortise::Time;
using mortise::Transaction;

constexpr std::int64_t kMaxFiles = 1000;
constexpr std::int64_t kMaxRows = 500;  // at once
constexpr std::int64_t kRowBytes = 64;  // of an event, beside its data

std::int64_t millis(Time time) { return mortise::micros(time) / 1000; }

}  // namespace

void SessionStore::add(Transaction& tx, const Session& session, std::int64_t mostOfOwner) const {
  if (session.owner) {
    tx.lock("sessions:" + *session.owner);
    const auto count = db::count<Session>(tx, "WHERE owner = :owner AND kind = :kind",
                                          {{"owner", *session.owner}, {"kind", session.kind}});
    if (count >= mostOfOwner) throw Problem(409, "agent_sessions_full").with("most", mostOfOwner);
  }
  db::insert(tx, session);
}

std::optional<Session> SessionStore::find(std::string_view id) const { return db::find<Session>(db_, std::string(id)); }

std::vector<SessionItem> SessionStore::list(std::string_view owner, std::int64_t most) const {
  if (owner.empty())
    return db::rows<SessionItem>(
        db_, "WHERE kind = 'session' ORDER BY listed_at DESC, created_at DESC, id DESC LIMIT :most", {{"most", most}});
  return db::rows<SessionItem>(
      db_,
      "WHERE owner = :owner AND kind = 'session' ORDER BY listed_at DESC, created_at DESC, id DESC "
      "LIMIT :most",
      {{"owner", owner}, {"most", most}});
}

std::optional<Session> SessionStore::lock(Transaction& tx, std::string_view id) const {
  // Writing a row holds it, on both databases.
  if (tx.execute("UPDATE agent_sessions SET used_at = used_at WHERE id = :id", {{"id", id}}) == 0) return std::nullopt;
  return db::find<Session>(tx, std::string(id));
}

StoredEvent SessionStore::append(Transaction& tx, Session& session, const NewEvent& event) const {
  const auto now = mortise::now();
  const auto ms = millis(now);
  if (ms > session.lastMs) {
    session.lastMs = ms;
    session.lastSeq = 0;
  } else {
    session.lastSeq += EventId::kStep;
  }
  ++session.events;
  const auto createdAt = event.createdAt > 0 ? event.createdAt : mortise::micros(now) / 1'000'000;
  StoredEvent stored{session.id,      session.events, session.lastMs,
                     session.lastSeq, event.kind,     dataOf(event, session.last(), createdAt)};
  session.bytes += static_cast<std::int64_t>(stored.data.size()) + kRowBytes;
  session.usedAt = now;
  db::insert(tx, stored);
  return stored;
}

void SessionStore::update(Transaction& tx, const Session& session) const {
  db::update<&Session::title, &Session::status, &Session::unread, &Session::latestMessage, &Session::latestMessageAt,
             &Session::listedAt, &Session::usedAt, &Session::lastMs, &Session::lastSeq, &Session::events,
             &Session::bytes, &Session::taskMs, &Session::taskSeq, &Session::run, &Session::server,
             &Session::leaseUntil, &Session::progress, &Session::owner, &Session::language>(tx, session);
}

std::vector<std::string> SessionStore::remove(Transaction& tx, std::string_view id) const {
  const db::Parameter session{"id", id};
  auto fileIds =
      tx.query<std::string>("SELECT file_id FROM agent_session_files WHERE session_id = :id AND made = 1", {session});
  for (const char* table :
       {"agent_events", "agent_inputs", "agent_memories", "agent_session_files", "agent_attachments"})
    tx.execute("DELETE FROM " + std::string(table) + " WHERE session_id = :id", {session});
  tx.execute("DELETE FROM agent_sessions WHERE id = :id", {session});
  return fileIds;
}

bool SessionStore::makeRoom(Transaction& tx, Session& session, std::int64_t most) const {
  if (session.bytes < most) return true;
  const db::Parameter id{"id", session.id};
  const auto pictures = tx.query<std::int64_t>(
      "SELECT number FROM agent_events WHERE session_id = :id AND kind = 'tool' AND data LIKE :picture ORDER BY number",
      {id, {"picture", "%" + std::string(kPictureContent) + "%"}});
  for (const auto number : pictures) {
    if (session.bytes <= most - most / 4) break;
    const auto data = tx.queryOne<std::string>(
        "SELECT data FROM agent_events WHERE session_id = :id AND number = :number", {id, {"number", number}});
    const auto without = data ? withoutPicture(*data) : std::nullopt;
    if (!without) continue;
    tx.execute("UPDATE agent_events SET data = :data WHERE session_id = :id AND number = :number",
               {id, {"number", number}, {"data", *without}});
    session.bytes -= static_cast<std::int64_t>(data->size() - without->size());
  }
  return session.bytes < most;
}

EventPage SessionStore::page(std::string_view id, std::int64_t number, std::int64_t most, std::size_t bytes) const {
  EventPage out;
  auto connection = db_.read();
  // The session first: what is appended between the two reads comes with the next page.
  const auto session =
      connection.queryOne<std::int64_t, std::int64_t, std::int64_t, std::string, std::string, Time, SessionStatus>(
          "SELECT events, task_ms, task_seq, run, server, lease_until, status FROM agent_sessions WHERE id = :id",
          {{"id", id}});
  if (!session) {
    out.isGone = true;
    return out;
  }
  SessionStatus status{};
  std::tie(out.newest, out.taskStart.ms, out.taskStart.seq, out.lease.run, out.lease.server, out.lease.until, status) =
      *session;
  out.isWaiting = status == SessionStatus::waiting;
  if (number >= out.newest) return out;
  std::size_t size = 0;
  db::eachRow<StoredEvent>(connection, "WHERE session_id = :id AND number > :number ORDER BY number LIMIT :most",
                           {{"id", id}, {"number", number}, {"most", most}}, [&](StoredEvent event) {
                             size += event.data.size();
                             if (size > bytes && !out.events.empty()) return false;
                             out.events.push_back(std::move(event));
                             return true;
                           });
  return out;
}

void SessionStore::eachEvent(std::string_view id,
                             const std::function<void(std::string_view kind, std::string_view data)>& use) const {
  db_.each<std::string, std::string>("SELECT kind, data FROM agent_events WHERE session_id = :id ORDER BY number",
                                     {{"id", id}},
                                     [&](const std::string& kind, const std::string& data) { use(kind, data); });
}

std::optional<std::int64_t> SessionStore::numberOf(std::string_view id, EventId event) const {
  return db_.queryOne<std::int64_t>(
      "SELECT number FROM agent_events WHERE session_id = :id AND ms = :ms AND seq = :seq",
      {{"id", id}, {"ms", event.ms}, {"seq", event.seq}});
}

void SessionStore::addInput(Transaction& tx, const Input& input) const { db::insert(tx, input); }

std::optional<Input> SessionStore::firstInput(Transaction& tx, std::string_view id, std::int64_t behind) const {
  return db::row<Input>(tx, "WHERE session_id = :id AND number > :behind ORDER BY number LIMIT 1",
                        {{"id", id}, {"behind", behind}});
}

void SessionStore::removeInput(Transaction& tx, const Input& input) const {
  db::remove<Input>(tx, input.sessionId, input.number);
}

std::int64_t SessionStore::running(Transaction& tx, std::string_view owner, Time now) const {
  return db::count<Session>(tx, "WHERE owner = :owner AND run <> '' AND lease_until > :now",
                            {{"owner", owner}, {"now", now}});
}

std::vector<std::string> SessionStore::abandoned(std::string_view server, Time now) const {
  if (!db_.isSqlite())
    return db_.query<std::string>(
        "SELECT id FROM agent_sessions WHERE run <> '' AND lease_until < :now ORDER BY lease_until LIMIT :most",
        {{"now", now}, {"most", kMaxRows}});
  // Of those that run, which are few.
  std::vector<std::string> out;
  db_.each<std::string, std::string, Time>(
      "SELECT id, server, lease_until FROM agent_sessions WHERE run <> '' AND lease_until > 0 ORDER BY lease_until "
      "LIMIT :most",
      {{"most", kMaxRows}}, [&](std::string id, const std::string& of, Time until) {
        if (of != server || until < now) out.push_back(std::move(id));
      });
  return out;
}

std::vector<std::string> SessionStore::runsOf(std::string_view server) const {
  return db_.query<std::string>("SELECT run FROM agent_sessions WHERE server = :server AND run <> ''",
                                {{"server", server}});
}

void SessionStore::renew(std::string_view server, const std::set<std::string>& runs, Time until) const {
  db_.transaction([&](Transaction& tx) {
    for (const auto& run : runs)
      tx.execute("UPDATE agent_sessions SET lease_until = :until WHERE server = :server AND run <> '' AND run = :run",
                 {{"server", server}, {"run", run}, {"until", until}});
  });
}

std::vector<std::string> SessionStore::owners() const {
  return db_.query<std::string>("SELECT DISTINCT owner FROM agent_sessions WHERE run <> '' AND owner IS NOT NULL");
}

std::vector<std::string> SessionStore::runningOf(std::string_view owner) const {
  return db_.query<std::string>("SELECT id FROM agent_sessions WHERE owner = :owner AND run <> ''", {{"owner", owner}});
}

std::vector<std::string> SessionStore::ofOwner(std::string_view owner, std::int64_t most) const {
  return db_.query<std::string>("SELECT id FROM agent_sessions WHERE owner = :owner LIMIT :most",
                                {{"owner", owner}, {"most", most}});
}

std::vector<std::string> SessionStore::idle(SessionKind kind, Time before, std::int64_t most) const {
  return db_.query<std::string>(
      "SELECT id FROM agent_sessions WHERE kind = :kind AND used_at < :before ORDER BY used_at LIMIT :most",
      {{"kind", kind}, {"before", before}, {"most", most}});
}

void SessionStore::attach(std::string_view id, std::string_view server, Time until) const {
  db_.execute(
      "INSERT INTO agent_attachments (session_id, server, attached_until) VALUES (:id, :server, :until) ON CONFLICT "
      "(session_id, server) DO UPDATE SET attached_until = excluded.attached_until",
      {{"id", id}, {"server", server}, {"until", until}});
}

void SessionStore::detach(std::string_view id, std::string_view server) const {
  db_.execute("DELETE FROM agent_attachments WHERE session_id = :id AND server = :server",
              {{"id", id}, {"server", server}});
}

void SessionStore::forgetAttachments(Time before) const {
  db_.execute("DELETE FROM agent_attachments WHERE attached_until < :before", {{"before", before}});
}

bool SessionStore::clearUnread(std::string_view id) const {
  return db_.execute("UPDATE agent_sessions SET unread = 0 WHERE id = :id AND unread <> 0", {{"id", id}}) > 0;
}

bool SessionStore::isAttached(Transaction& tx, std::string_view id, Time now) const {
  return tx
      .queryOne<std::int64_t>(
          "SELECT 1 FROM agent_attachments WHERE session_id = :id AND attached_until > :now LIMIT 1",
          {{"id", id}, {"now", now}})
      .has_value();
}

void SessionStore::putFile(const SessionFile& file) const {
  db_.transaction([&](Transaction& tx) {
    if (!lock(tx, file.sessionId)) throw Problem(404, "agent_session_not_found");
    const bool known = db::find<SessionFile>(tx, file.sessionId, file.path).has_value();
    if (!known && db::count<SessionFile>(tx, "WHERE session_id = :id", {{"id", file.sessionId}}) >= kMaxFiles)
      throw Problem(507, "storage_full").note("the session has as many files as it may have");
    db::upsert(tx, file);
  });
}

std::vector<SessionFile> SessionStore::files(std::string_view id) const {
  return db::rows<SessionFile>(db_, "WHERE session_id = :id ORDER BY added_at, path", {{"id", id}});
}

std::optional<SessionFile> SessionStore::file(std::string_view id, std::string_view path) const {
  return db::find<SessionFile>(db_, std::string(id), std::string(path));
}

}  // namespace agent
