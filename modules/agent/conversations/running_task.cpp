#include "conversations/running_task.hpp"

#include <mortise/rows.hpp>

#include <algorithm>
#include <utility>

#include "conversations/session_changes.hpp"

namespace agent {

using mortise::Transaction;

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
    if (session->bytes >= mostBytes_ && !happening.events.empty()) throw SessionFull();
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

void RunningTask::tellPartial(const NewEvent& message) {
  check();
  if (partials_ + 1 >= EventId::kStep) return;  // the final message has it all
  const auto id = base_.partial(++partials_);
  live_.tellPartial({session_.id, baseNumber_, id, message.kind, true,
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

void RunningTask::end(const Happening& happening) {
  db_.transaction([&](Transaction& tx) {
    auto session = store_.lock(tx, session_.id);
    if (!session || session->run != run_) return;
    SessionChanges changes(store_, live_, tx, *session);
    for (const auto& event : happening.events) changes.add(event);
    endTask(tx, *session);
    changes.finish();
  });
}

std::vector<std::string> RunningTask::memory(std::string_view agent) const {
  return db_.query<std::string>(
      "SELECT message FROM agent_memories WHERE session_id = :id AND agent = :agent ORDER BY number",
      {{"id", session_.id}, {"agent", agent}});
}

}  // namespace agent
