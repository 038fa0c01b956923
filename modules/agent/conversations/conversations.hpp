// What people do with sessions: begin, write to the agent, stop, delete; and the repair of what servers left that are gone.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/host.hpp>
#include <mortise/identity.hpp>
#include <mortise/log.hpp>
#include <mortise/metrics.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conversations/failure_texts.hpp"
#include "conversations/live_events.hpp"
#include "conversations/running_task.hpp"
#include "conversations/session_store.hpp"
#include "conversations/task_threads.hpp"
#include "conversations/token_budget.hpp"

namespace agent {

struct NewMessage {
  std::string text;
  std::vector<FileInfo> attachments{};
  std::int64_t writtenAt = 0;  // seconds; 0: now
  bool onlyIdle = false;       // Problem 409 agent_busy while a task of the session runs
  std::string language{};      // the session's from now on; empty: it stays
  // The session is a thread of this user's, which begins with the message when there is none of that id. Problem 404
  // agent_session_not_found when it is no thread, or somebody else's.
  std::optional<std::string> threadOf{};
};

class Conversations {
 public:
  struct Options {
    std::int64_t mostSessions = 1000;  // of one user
    std::int64_t mostThreads = 10000;  // the same
    std::int64_t mostBytes = 16 << 20;
    std::int64_t mostTasks = 5;  // of one user
    TaskThreads::Options threads{};
    std::int64_t tokensPerDay = 0;
  };
  // Does one task; throws TaskStopped and SessionFull of what it writes, and nothing else.
  using Loop = std::function<void(RunningTask& task)>;
  // What goes with a session: its box. May fail; the next sweep tries again.
  using Removed = std::function<void(std::string_view sessionId, const std::vector<std::string>& files)>;

  Conversations(mortise::Host host, Options options);

  // `ready`: throws the Problem that keeps tasks from starting (no model).
  void start(Loop loop, std::function<void()> ready, Removed removed);
  void stop();

  const SessionStore& store() const { return store_; }
  const LiveEvents& live() const { return live_; }
  const std::string& server() const { return threads_.server(); }
  TokenBudget& tokens() { return tokens_; }

  // Problem 409 agent_sessions_full.
  Session create(const std::string& ownerId);
  // Stores the message and starts a task, or hands it to the one that runs. The user's event is returned. Where it
  // throws, nothing was stored. Problem 404, 409 agent_session_full or agent_sessions_full, 429 agent_tokens_used,
  // 503 agent_tasks_full and what `ready` throws.
  StoredEvent send(const std::string& sessionId, const NewMessage& message);
  // Called in the transaction of a change; where it throws, nothing was changed.
  using InTransaction = std::function<void(const mortise::Transaction& tx)>;
  // True: something was going on, and `record` was called. `start`: only the task that began with this event. Problem
  // 404, and what `record` throws.
  bool stopTask(const std::string& sessionId, std::optional<EventId> start = {}, const InTransaction& record = {});
  // False: there is none.
  bool remove(const std::string& sessionId);
  void clearUnread(const std::string& sessionId);

  // Ends the tasks of servers that are gone; returns how many.
  std::int64_t repair(const std::function<bool()>& cancelled);
  // The same for one session, before somebody attaches to it. True: its task was ended.
  bool repair(const std::string& sessionId, const TaskLease& lease);
  // Stops the tasks of accounts that are not active (inactive or banned); returns how many.
  std::int64_t stopDisabled(const std::function<bool()>& cancelled);
  // Stops the tasks of an account that is gone, takes its name off its sessions and drops its threads. Problem 503 when
  // it was cancelled on the way.
  std::int64_t forgetUser(const std::string& userId, const std::function<bool()>& cancelled);
  std::int64_t purge(SessionKind kind, mortise::Time before, const std::function<bool()>& cancelled);

 private:
  StoredEvent sendOnce(const std::string& sessionId, const NewMessage& message);
  void work(const std::string& sessionId, const std::string& run, bool resumes, const StopSign& stop);
  // `run`: only when it still holds the session; empty: only when it is abandoned.
  bool endBroken(const std::string& sessionId, std::string_view run, FailureText reason);
  // endBroken() for a task that failed here. Logs what keeps it from that.
  void endFailed(const std::string& sessionId, const std::string& run);
  // Logs what goes wrong.
  void notifyRemoved(const std::string& sessionId, const std::vector<std::string>& fileIds);
  bool isAbandoned(const TaskLease& lease) const;

  mortise::Db db_;
  mortise::Log log_;
  mortise::Identity identity_;
  Options options_;
  SessionStore store_;
  LiveEvents live_;
  TokenBudget tokens_;
  TaskThreads threads_;
  mortise::Counter started_;
  mortise::Counter queued_;
  mortise::Counter refused_;
  mortise::Counter repaired_;
  Loop loop_;
  std::function<void()> ready_;
  Removed removed_;
};

}  // namespace agent
