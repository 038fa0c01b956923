// SQL of sessions, their events, inputs and files.
#pragma once

#include <mortise/db.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "conversations/session.hpp"

namespace agent {

// The events behind a place, and how the session stood then.
struct EventPage {
  std::vector<StoredEvent> events;
  std::int64_t newest = 0;  // number of the newest event
  bool isGone = false;      // the session was deleted
  EventId taskStart{};
  TaskLease lease{};
  bool isWaiting = false;  // for the user

  bool isRunning() const { return !lease.run.empty(); }
  // See Session::isAtWork().
  bool isAtWork() const { return isRunning() && !isWaiting; }
};

// Each function on the caller's transaction or connection where it takes one. [worker] [start]
class SessionStore {
 public:
  explicit SessionStore(mortise::Db db) : db_(db) {}

  // Problem 409 agent_sessions_full when its owner has so many of its kind already.
  void add(mortise::Transaction& tx, const Session& session, std::int64_t mostOfOwner) const;
  std::optional<Session> find(std::string_view id) const;
  // Of one owner, or everybody's (empty), in the order of lists; the first `most`.
  std::vector<SessionItem> list(std::string_view owner, std::int64_t most) const;
  // Holds the session against other writers until the end of `tx`; empty when there is none.
  std::optional<Session> lock(mortise::Transaction& tx, std::string_view id) const;
  // Adds an event; `session` gets the new counts. The run that writes has looked at `session` in this transaction.
  StoredEvent append(mortise::Transaction& tx, Session& session, const NewEvent& event) const;
  // Writes what is not an event of `session`: its status, title, run, lease, progress and place in lists.
  void update(mortise::Transaction& tx, const Session& session) const;
  // With all that belongs to it; the files that the agent made are returned.
  std::vector<std::string> remove(mortise::Transaction& tx, std::string_view id) const;

  // Whether the session, which takes `most` bytes at most, has room for another event. Where it has none, pictures of the
  // browser make room first: the oldest events lose theirs, until a quarter is free.
  bool makeRoom(mortise::Transaction& tx, Session& session, std::int64_t most) const;

  // Of the events behind `number` at most `most`, and at most `bytes` but for the first.
  EventPage page(std::string_view id, std::int64_t number, std::int64_t most, std::size_t bytes) const;
  // Every event, in their order, as it is read.
  void eachEvent(std::string_view id,
                 const std::function<void(std::string_view kind, std::string_view data)>& use) const;
  // The number of the event with this id; empty when the session has none.
  std::optional<std::int64_t> numberOf(std::string_view id, EventId event) const;

  void addInput(mortise::Transaction& tx, const Input& input) const;
  // The oldest of those with a number greater than `behind`.
  std::optional<Input> firstInput(mortise::Transaction& tx, std::string_view id, std::int64_t behind = 0) const;
  void removeInput(mortise::Transaction& tx, const Input& input) const;

  // Sessions of an owner that run now.
  std::int64_t running(mortise::Transaction& tx, std::string_view owner, mortise::Time now) const;
  // Sessions whose lease ran out before `now`, or (SQLite, where a server is alone) of another server.
  std::vector<std::string> abandoned(std::string_view server, mortise::Time now) const;
  // The runs of a server; and the lease of those that it still works on.
  std::vector<std::string> runsOf(std::string_view server) const;
  void renew(std::string_view server, const std::set<std::string>& runs, mortise::Time until) const;
  // Who has sessions that run.
  std::vector<std::string> owners() const;
  std::vector<std::string> runningOf(std::string_view owner) const;
  std::vector<std::string> ofOwner(std::string_view owner, std::int64_t most) const;
  std::vector<std::string> idle(SessionKind kind, mortise::Time before, std::int64_t most) const;

  // Marks a session as read by a stream of this server, or the stream as gone.
  void attach(std::string_view id, std::string_view server, mortise::Time until) const;
  void detach(std::string_view id, std::string_view server) const;
  void forgetAttachments(mortise::Time before) const;
  // False: it was 0 already.
  bool clearUnread(std::string_view id) const;
  bool isAttached(mortise::Transaction& tx, std::string_view id, mortise::Time now) const;

  void putFile(const SessionFile& file) const;
  std::vector<SessionFile> files(std::string_view id) const;
  std::optional<SessionFile> file(std::string_view id, std::string_view path) const;

 private:
  mortise::Db db_;
};

}  // namespace agent
