#include "conversations/running_task.hpp"

#include <mortise/rows.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "conversations/session_changes.hpp"

namespace agent {

using mortise::Transaction;
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick{100};  // how late a waiting task sees that it was stopped
constexpr std::chrono::seconds kLook{5};         // how late it finds an answer whose notice was lost

// Whether something was heard since the last look. heard() on any thread.
class Ear {
 public:
  void heard() {
    const std::lock_guard lock(mutex_);
    heard_ = true;
    wake_.notify_all();
  }
  bool waitFor(Clock::duration time) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, time, [this] { return heard_; });
    return std::exchange(heard_, false);
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool heard_ = false;
};

}  // namespace

RunningTask::RunningTask(mortise::Db db, const SessionStore& store, const LiveEvents& live, Session session,
                         std::string run, bool resumes, StopSign stop, std::int64_t mostBytes)
    : db_(db),
      store_(store),
      live_(live),
      session_(std::move(session)),
      run_(std::move(run)),
      resumes_(resumes),
      stop_(std::move(stop)),
      mostBytes_(mostBytes),
      base_(session_.last()),
      baseNumber_(session_.events) {}

template <class Then>
void RunningTask::change(const Happening& happening, Then&& then) {
  Session after;
  db_.transaction([&](Transaction& tx) {
    auto session = store_.lock(tx, session_.id);
    if (!session || session->run != run_) throw TaskStopped();
    if (!happening.events.empty() && !store_.makeRoom(tx, *session, mostBytes_)) throw SessionFull();
    SessionChanges changes(store_, live_, tx, *session);
    for (const auto& event : happening.events) changes.add(event);
    if (happening.title) session->title = *happening.title;
    if (happening.progress) session->progress = *happening.progress;
    for (const auto& memory : happening.memories) {
      // What was there from this number on goes; new messages follow.
      tx.execute("DELETE FROM agent_memories WHERE session_id = :id AND agent = :agent AND number >= :from",
                 {{"id", session_.id}, {"agent", memory.agent}, {"from", memory.from}});
      auto number = memory.from;
      for (const auto& message : memory.messages)
        tx.execute(
            "INSERT INTO agent_memories (session_id, agent, number, message) VALUES (:id, :agent, :number, :message)",
            {{"id", session_.id}, {"agent", memory.agent}, {"number", number++}, {"message", message}});
    }
    then(tx, *session);
    changes.finish();
    after = *session;
  });
  session_ = std::move(after);
  base_ = session_.last();
  baseNumber_ = session_.events;
  partials_ = 0;
}

void RunningTask::write(const Happening& happening) {
  check();
  change(happening, [](Transaction&, Session&) {});
}

void RunningTask::notifyPartial(const NewEvent& message) {
  check();
  if (partials_ + 1 >= EventId::kStep) return;  // the final message has it all
  const auto id = base_.partial(++partials_);
  live_.notifyPartial({session_.id, baseNumber_, id, message.kind, true,
                       dataOf(message, id, mortise::micros(mortise::now()) / 1'000'000)});
}

std::optional<Input> RunningTask::takeInput(const Happening& happening) {
  check();
  std::optional<Input> input;
  change(happening, [&](Transaction& tx, Session&) {
    input = store_.firstInput(tx, session_.id);
    if (input) store_.removeInput(tx, *input);
  });
  return input;
}

bool RunningTask::finish(SessionStatus status, const Happening& happening) {
  check();
  struct Busy {};
  try {
    change(happening, [&](Transaction& tx, Session& session) {
      if (store_.firstInput(tx, session_.id)) throw Busy();
      session.status = status;
      session.run.clear();
      session.server.clear();
    });
  } catch (const Busy&) {
    return false;
  }
  return true;
}

std::optional<Input> RunningTask::ask(const Happening& question, std::chrono::milliseconds most) {
  check();
  Ear ear;
  const auto answers = live_.listen(session_.id, [&ear] { ear.heard(); });
  std::int64_t asked = 0;
  change(question, [&](Transaction&, Session& session) {
    session.status = SessionStatus::waiting;
    asked = session.events;
  });
  // What the user wrote before the question is no answer to it, and waits for its turn.
  std::optional<Input> answer;
  // False: the database is away. It comes back, or the lease runs out, which stops the task; the renewal of leases logs it.
  const auto look = [&](bool isLast) {
    try {
      change({}, [&](Transaction& tx, Session& session) {
        answer = store_.firstInput(tx, session.id, asked);
        if (answer) store_.removeInput(tx, *answer);
        if (answer || isLast) session.status = SessionStatus::running;
      });
    } catch (const mortise::db::Error& error) {
      if (error.kind() != mortise::db::Error::Kind::unavailable) throw;
      answer.reset();
      return false;
    }
    return true;
  };
  try {
    const auto end = Clock::now() + most;
    for (auto lookAt = Clock::now() + kLook; !answer && Clock::now() < end;) {
      const bool heard = ear.waitFor(std::min<Clock::duration>(kTick, end - Clock::now()));
      check();
      if (!heard && Clock::now() < lookAt) continue;
      lookAt = Clock::now() + kLook;
      look(false);
    }
    while (!answer && !look(true)) {
      ear.waitFor(kTick);
      check();
    }
  } catch (const TaskStopped&) {
    return std::nullopt;
  }
  return answer;
}

template <class End>
void RunningTask::endWith(End&& end) {
  db_.transaction([&](Transaction& tx) {
    auto session = store_.lock(tx, session_.id);
    if (!session || session->run != run_) return;
    SessionChanges changes(store_, live_, tx, *session);
    end(changes, tx, *session);
    changes.finish();
  });
}

void RunningTask::end(const Happening& happening) {
  endWith([&](SessionChanges& changes, Transaction& tx, Session& session) {
    for (const auto& event : happening.events) changes.add(event);
    endTask(tx, session);
  });
}

void RunningTask::interrupt(const NewEvent& why) {
  endWith(
      [&](SessionChanges& changes, Transaction& tx, Session& session) { interruptTask(changes, tx, session, why); });
}

std::vector<std::string> RunningTask::memory(std::string_view agent) const {
  return db_.query<std::string>(
      "SELECT message FROM agent_memories WHERE session_id = :id AND agent = :agent ORDER BY number",
      {{"id", session_.id}, {"agent", agent}});
}

}  // namespace agent
