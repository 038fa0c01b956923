// What one transaction does to a session that it holds: events, and what lists and streams are told of it.
#pragma once

#include <mortise/db.hpp>

#include <string>
#include <vector>

#include "conversations/events.hpp"
#include "conversations/live_events.hpp"
#include "conversations/session_store.hpp"

namespace agent {

// `session` is one that SessionStore::lock() returned in `tx`. finish() writes it.
class SessionChanges {
 public:
  SessionChanges(const SessionStore& store, const LiveEvents& live, mortise::Transaction& tx, Session& session)
      : store_(store), live_(live), tx_(tx), session_(session), before_(session) {}

  // Its number and id are taken at once; a message becomes the latest one of the session.
  StoredEvent add(const NewEvent& event);
  // Whether a message of the user waits for the task.
  bool hasInput() const;
  // Once, at the end.
  void finish();

 private:
  const SessionStore& store_;
  const LiveEvents& live_;
  mortise::Transaction& tx_;
  Session& session_;
  Session before_;
};

// Takes a session from its task: status completed, no run. Messages that wait for the task go.
void endTask(mortise::Transaction& tx, Session& session);
// The same when the server can't go on with the task: with the event `why`. A session that waits for its user gets no
// event and goes on waiting: the answer begins a task that goes on with the step. Where the user wrote something before
// the question, which goes, the session ends with the event.
void interruptTask(SessionChanges& changes, mortise::Transaction& tx, Session& session, const NewEvent& why);

}  // namespace agent
