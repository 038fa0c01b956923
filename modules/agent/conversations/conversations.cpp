#include "conversations/conversations.hpp"

#include <mortise/problem.hpp>
#include <mortise/rows.hpp>
#include <mortise/uuid.hpp>

#include <exception>
#include <utility>

#include "conversations/failure_texts.hpp"
#include "conversations/session_changes.hpp"

namespace agent {
namespace {

using mortise::Problem;
using mortise::Time;
using mortise::Transaction;

constexpr const char* kFirstTitle = "新对话";
constexpr int kBusySeconds = 5;  // until a refused task is worth another try
constexpr std::int64_t kAtOnce = 100;

Session newSession(SessionKind kind, const std::string& ownerId, const std::string& id) {
  Session session;
  session.id = id;
  session.kind = kind;
  session.owner = ownerId;
  session.title = kFirstTitle;
  session.createdAt = session.usedAt = mortise::now();
  return session;
}

void requireThreadOf(const Session& session, const std::string& ownerId) {
  if (session.kind != SessionKind::thread || session.owner != std::optional(ownerId))
    throw Problem(404, "agent_session_not_found");
}

NewEvent failureEvent(FailureText what, const Session& session) {
  return errorEvent(std::string(failureText(what, session.language)));
}

std::vector<std::string> idsOf(const std::vector<FileInfo>& files) {
  std::vector<std::string> ids;
  for (const auto& file : files) ids.push_back(file.id);
  return ids;
}

}  // namespace

Conversations::Conversations(mortise::Host host, Options options)
    : db_(host.db()),
      log_(host.log()),
      identity_(host.identity()),
      options_(options),
      store_(db_),
      live_(host.events(), log_),
      tokens_(db_, options.tokensPerDay),
      threads_(host, store_, options.threads),
      started_(host.metrics().counter("tasks_total", "Tasks that this server started")),
      queued_(host.metrics().counter("queued_messages_total", "Messages that a task which ran took later")),
      refused_(host.metrics().counter("tasks_refused_total", "Tasks that found no room")),
      repaired_(
          host.metrics().counter("tasks_abandoned_total", "Tasks of servers that were gone, which this one ended")) {}

void Conversations::start(Loop loop, std::function<void()> ready, Removed removed) {
  loop_ = std::move(loop);
  ready_ = std::move(ready);
  removed_ = std::move(removed);
  threads_.start();
  repair([] { return false; });
}

void Conversations::stop() { threads_.stop(); }

Session Conversations::create(const std::string& ownerId) {
  auto session = newSession(SessionKind::session, ownerId, mortise::makeUuid());
  db_.transaction([&](Transaction& tx) { store_.add(tx, session, options_.mostSessions); });
  live_.notifySession(session);
  return session;
}

StoredEvent Conversations::send(const std::string& sessionId, const NewMessage& message) {
  try {
    return sendOnce(sessionId, message);
  } catch (const mortise::db::Error& error) {
    // Two requests began the thread at once; the other came first.
    if (!message.threadOf || error.kind() != mortise::db::Error::Kind::exists) throw;
    return sendOnce(sessionId, message);
  }
}

StoredEvent Conversations::sendOnce(const std::string& sessionId, const NewMessage& message) {
  const auto run = mortise::makeUuid();
  TaskThreads::Place place;
  bool starts = false;
  bool resumes = false;  // the message answers the agent's question
  bool answers = false;  // it answers a question of the task that runs
  std::string owner;
  // What a new task needs is asked for once, before anything is held.
  std::exception_ptr refusal;
  const auto known = store_.find(sessionId);
  if (known && message.threadOf) requireThreadOf(*known, *message.threadOf);
  if (known || message.threadOf) {
    owner = known ? known->owner.value_or("") : *message.threadOf;
    try {
      ready_();
      tokens_.require(owner);
      place = threads_.reserve();
      if (!place) throw Problem(503, "agent_tasks_full").retryAfter(kBusySeconds);
    } catch (const Problem&) {
      refusal = std::current_exception();
    }
  }
  const auto stored = db_.transaction([&](Transaction& tx) {
    const auto now = mortise::now();
    auto session = store_.lock(tx, sessionId);
    if (!session && message.threadOf) {
      session = newSession(SessionKind::thread, *message.threadOf, sessionId);
      store_.add(tx, *session, options_.mostThreads);
    }
    if (!session) throw Problem(404, "agent_session_not_found");
    if (message.threadOf) requireThreadOf(*session, *message.threadOf);
    SessionChanges changes(store_, live_, tx, *session);
    if (isAbandoned(session->lease()))
      interruptTask(changes, tx, *session, failureEvent(FailureText::serverGone, *session));
    if (!message.language.empty()) session->language = message.language;
    starts = !session->isRunning();
    if (!starts && message.onlyIdle) throw Problem(409, "agent_busy");
    if (starts) {
      if (refusal) {
        refused_.add();
        std::rethrow_exception(refusal);
      }
      if (session->owner) {
        tx.lock("tasks:" + *session->owner);
        if (store_.running(tx, *session->owner, now) >= options_.mostTasks) {
          refused_.add();
          throw Problem(503, "agent_tasks_full").retryAfter(kBusySeconds);
        }
      }
      session->run = run;
      session->server = threads_.server();
      session->leaseUntil = threads_.leaseEnd();
      resumes = session->status == SessionStatus::waiting;
      session->status = SessionStatus::running;
    }
    // Last, because a refusal would undo it.
    if (!store_.makeRoom(tx, *session, options_.mostBytes)) throw Problem(409, "agent_session_full");
    auto event = messageEvent("user", message.text, {}, message.attachments);
    event.createdAt = message.writtenAt;
    auto added = changes.add(event);
    // The answer to a question in the middle of a call: clients without a place begin with it, as with a new task.
    answers = !starts && session->status == SessionStatus::waiting;
    if (answers) session->status = SessionStatus::running;
    if (starts || answers) {
      session->taskMs = added.ms;
      session->taskSeq = added.seq;
    }
    store_.addInput(tx, {session->id, added.number, message.text, idsOf(message.attachments)});
    changes.finish();
    return added;
  });
  if (starts) {
    started_.add();
    try {
      threads_.run(std::move(place), run,
                   [this, sessionId, run, resumes](const StopSign& stop) { work(sessionId, run, resumes, stop); });
    } catch (...) {
      endFailed(sessionId, run);
      throw;
    }
  } else if (!answers) {
    queued_.add();
  }
  return stored;
}

void Conversations::work(const std::string& sessionId, const std::string& run, bool resumes, const StopSign& stop) {
  try {
    auto session = store_.find(sessionId);
    if (!session || session->run != run) return;
    RunningTask task(db_, store_, live_, *std::move(session), run, resumes, stop, options_.mostBytes);
    try {
      loop_(task);
    } catch (const TaskStopped&) {
      // A user's stop took the session already; else the server stops.
      task.interrupt(failureEvent(FailureText::serverStops, task.session()));
    } catch (const SessionFull&) {
      task.end({.events = {failureEvent(FailureText::sessionFull, task.session())}});
    }
  } catch (const std::exception& error) {
    log_.error("a task failed", {{"session", sessionId}, {"reason", error.what()}});
    endFailed(sessionId, run);
  }
}

void Conversations::endFailed(const std::string& sessionId, const std::string& run) {
  try {
    endBroken(sessionId, run, FailureText::internalError);
  } catch (const std::exception& error) {
    // Its lease runs out; then the job repair_sessions ends it.
    log_.error("a task that failed could not be ended", {{"session", sessionId}, {"reason", error.what()}});
  }
}

bool Conversations::stopTask(const std::string& sessionId, std::optional<EventId> start, const InTransaction& record) {
  std::string run;
  bool wasGoingOn = false;
  db_.transaction([&](Transaction& tx) {
    run.clear();  // the block may be repeated
    wasGoingOn = false;
    auto session = store_.lock(tx, sessionId);
    if (!session) throw Problem(404, "agent_session_not_found");
    if (start && session->taskStart() != *start) return;
    run = session->run;
    wasGoingOn = session->isRunning() || session->status != SessionStatus::completed;
    if (!wasGoingOn) return;
    SessionChanges changes(store_, live_, tx, *session);
    changes.add(doneEvent());
    endTask(tx, *session);
    changes.finish();
    if (record) record(tx);
  });
  if (!run.empty()) {
    threads_.cancel(run);
    live_.notifyStopped(run);
  }
  return wasGoingOn;
}

bool Conversations::remove(const std::string& sessionId) {
  std::string run;
  std::vector<std::string> fileIds;
  bool exists = false;
  db_.transaction([&](Transaction& tx) {
    const auto session = store_.lock(tx, sessionId);
    exists = session.has_value();
    if (!exists) return;
    run = session->run;
    fileIds = store_.remove(tx, sessionId);
    live_.notifyDeleted(sessionId);
    live_.notifySession(*session);
  });
  if (!exists) return false;
  if (!run.empty()) {
    threads_.cancel(run);
    live_.notifyStopped(run);
  }
  notifyRemoved(sessionId, fileIds);
  return true;
}

void Conversations::notifyRemoved(const std::string& sessionId, const std::vector<std::string>& fileIds) {
  try {
    removed_(sessionId, fileIds);
  } catch (const std::exception& error) {
    // The session is gone all the same; the sweep of boxes comes to its box again.
    log_.warning("what belongs to a session could not be removed", {{"session", sessionId}, {"reason", error.what()}});
  }
}

void Conversations::clearUnread(const std::string& sessionId) {
  if (!store_.clearUnread(sessionId)) return;
  if (const auto session = store_.find(sessionId)) live_.notifySession(*session);
}

bool Conversations::isAbandoned(const TaskLease& lease) const {
  if (lease.run.empty()) return false;
  if (db_.isSqlite() && lease.server != threads_.server()) return true;
  return lease.until < mortise::now();
}

bool Conversations::endBroken(const std::string& sessionId, std::string_view run, FailureText reason) {
  return db_.transaction([&](Transaction& tx) {
    auto session = store_.lock(tx, sessionId);
    if (!session || !session->isRunning()) return false;
    if (run.empty() ? !isAbandoned(session->lease()) : session->run != run) return false;
    SessionChanges changes(store_, live_, tx, *session);
    if (reason == FailureText::serverGone) {
      interruptTask(changes, tx, *session, failureEvent(reason, *session));
    } else {
      changes.add(failureEvent(reason, *session));
      endTask(tx, *session);
    }
    changes.finish();
    return true;
  });
}

bool Conversations::repair(const std::string& sessionId, const TaskLease& lease) {
  if (!isAbandoned(lease)) return false;
  if (!endBroken(sessionId, {}, FailureText::serverGone)) return false;
  repaired_.add();
  log_.warning("a task of a server that is gone was ended", {{"session", sessionId}, {"server", lease.server}});
  return true;
}

std::int64_t Conversations::repair(const std::function<bool()>& cancelled) {
  std::int64_t count = 0;
  for (const auto& id : store_.abandoned(threads_.server(), mortise::now())) {
    if (cancelled()) return count;
    if (const auto session = store_.find(id); session && repair(id, session->lease())) ++count;
  }
  store_.forgetAttachments(mortise::now());
  return count;
}

std::int64_t Conversations::stopDisabled(const std::function<bool()>& cancelled) {
  std::int64_t count = 0;
  for (const auto& owner : store_.owners()) {
    const auto user = identity_.find(mortise::UserKey::id, owner);
    if (!user || user->status == "active") continue;  // accounts that are gone: forgetUser()
    for (const auto& id : store_.runningOf(owner)) {
      if (cancelled()) return count;
      if (!stopTask(id)) continue;
      ++count;
      log_.info("a task was stopped with its owner's account", {{"session", id}, {"user", owner}});
    }
  }
  return count;
}

std::int64_t Conversations::forgetUser(const std::string& userId, const std::function<bool()>& cancelled) {
  std::int64_t count = 0;
  for (auto ids = store_.ofOwner(userId, kAtOnce); !ids.empty(); ids = store_.ofOwner(userId, kAtOnce)) {
    for (const auto& id : ids) {
      // The account stays unacknowledged, and the next run goes on with it.
      if (cancelled()) throw Problem(503, "unavailable").note("the run was cancelled");
      const auto session = store_.find(id);
      if (!session) continue;
      ++count;
      if (session->kind == SessionKind::thread) {
        remove(id);
        continue;
      }
      if (session->isRunning() || session->status == SessionStatus::waiting) stopTask(id);
      db_.transaction([&](Transaction& tx) {
        auto held = store_.lock(tx, id);
        if (!held) return;
        held->owner.reset();
        store_.update(tx, *held);
      });
      notifyRemoved(id, {});
    }
  }
  tokens_.forget(userId);
  return count;
}

std::int64_t Conversations::purge(SessionKind kind, Time before, const std::function<bool()>& cancelled) {
  std::int64_t count = 0;
  for (auto ids = store_.idle(kind, before, kAtOnce); !ids.empty(); ids = store_.idle(kind, before, kAtOnce)) {
    for (const auto& id : ids) {
      if (cancelled()) return count;
      if (remove(id)) ++count;
    }
  }
  return count;
}

}  // namespace agent
