// The session of a task, for the loop: everything that happens is written in transactions that fail once the task lost
// its session.
#pragma once

#include <mortise/db.hpp>
#include <mortise/models.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conversations/events.hpp"
#include "conversations/live_events.hpp"
#include "conversations/session_store.hpp"
#include "conversations/task_threads.hpp"

namespace agent {

// Thrown where a task may not go on: it was stopped, its session went to somebody else or is gone, or the server stops.
class TaskStopped : public std::exception {
 public:
  const char* what() const noexcept override { return "the task was stopped"; }
};
// The session has no room for further events.
class SessionFull : public std::exception {
 public:
  const char* what() const noexcept override { return "the session is full"; }
};

// New messages of one agent's memory; with `from` 0 all that were there before go.
struct MemoryChange {
  std::string agent;
  std::int64_t from = 0;  // number of the first of `messages`, from 0
  std::vector<std::string> messages;
};

// What happens at once.
struct Happening {
  std::vector<NewEvent> events{};
  std::vector<MemoryChange> memories{};
  std::optional<std::string> progress{};
  std::optional<std::string> title{};
};

// Used by the thread of the task alone, but for stopped(). [worker]
class RunningTask {
 public:
  RunningTask(mortise::Db db, const SessionStore& store, const LiveEvents& live, Session session, std::string run,
              bool resumes, StopSign stop, std::int64_t mostBytes);
  RunningTask(const RunningTask&) = delete;
  RunningTask& operator=(const RunningTask&) = delete;
  virtual ~RunningTask() = default;

  const Session& session() const { return session_; }
  // Whether the first message answers the question that the task asked before it waited.
  bool resumes() const { return resumes_; }
  const StopSign& stop() const { return stop_; }
  // Throws TaskStopped when the task may not go on.
  void check() const {
    if (stop_.isRaised()) throw TaskStopped();
  }

  // TaskStopped when the task lost its session, SessionFull.
  virtual void write(const Happening& happening);
  // Sends part of a message that goes on; it is not stored.
  virtual void notifyPartial(const NewEvent& message);
  // The oldest message of the user that waits, which the task takes with what else happens.
  virtual std::optional<Input> takeInput(const Happening& happening = {});
  // The end of the task, unless a message of the user came meanwhile: then nothing is written, and false.
  virtual bool finish(SessionStatus status, const Happening& happening);
  // Whether ask() may be called: somebody can answer.
  virtual bool asksUser() const { return session_.kind == SessionKind::session; }
  // Asks the user while the task goes on: the session waits, as after finish(), but keeps its task. The answer is the
  // first message that the user writes after the question. Empty: there was none in `most`, or the task may not go on.
  virtual std::optional<Input> ask(const Happening& question, std::chrono::milliseconds most);
  // The end in any case; messages that wait are dropped.
  virtual void end(const Happening& happening);
  // The end when the server can't go on: with the event `why`, unless the session waits for its user.
  void interrupt(const NewEvent& why);
  // The model is not asked again for the answer that it does not give. For those who watch it, not for the session.
  virtual void modelFailed(const mortise::models::Error&) {}

  virtual std::vector<std::string> memory(std::string_view agent) const;
  const SessionStore& store() const { return store_; }

 private:
  // Holds the session and writes; `then` in the same transaction.
  template <class Then>
  void change(const Happening& happening, Then&& then);
  // The end of the session's task in a transaction, unless the task has lost the session.
  template <class End>
  void endWith(End&& end);

  mortise::Db db_;
  const SessionStore& store_;
  const LiveEvents& live_;
  Session session_;
  std::string run_;
  bool resumes_;
  StopSign stop_;
  std::int64_t mostBytes_;
  EventId base_;  // of the newest stored event that this task knows
  std::int64_t baseNumber_ = 0;
  std::int64_t partials_ = 0;
};

}  // namespace agent
