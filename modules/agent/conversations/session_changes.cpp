#include "conversations/session_changes.hpp"

#include <mortise/characters.hpp>

#include "json_text.hpp"

namespace agent {

StoredEvent SessionChanges::add(const NewEvent& event) {
  const auto stored = store_.append(tx_, session_, event);
  live_.notify(stored);
  if (event.kind != "message") return stored;
  rapidjson::Document data;
  if (!parseJson(stored.data, data)) return stored;
  const auto now = mortise::now();
  const auto text = textMember(data, "message");
  session_.latestMessage = mortise::firstCharacters(text, kLatestCharacters);
  session_.latestMessageAt = now;
  session_.listedAt = mortise::micros(now);
  if (textMember(data, "role") == "assistant" && !store_.isAttached(tx_, session_.id, now)) ++session_.unread;
  return stored;
}

bool SessionChanges::hasInput() const { return store_.firstInput(tx_, session_.id).has_value(); }

void SessionChanges::finish() {
  session_.usedAt = mortise::now();
  store_.update(tx_, session_);
  if (session_.title != before_.title || session_.status != before_.status || session_.unread != before_.unread ||
      session_.latestMessageAt != before_.latestMessageAt)
    live_.notifySession(session_);
}

void endTask(mortise::Transaction& tx, Session& session) {
  tx.execute("DELETE FROM agent_inputs WHERE session_id = :id", {{"id", session.id}});
  session.status = SessionStatus::completed;
  session.run.clear();
  session.server.clear();
}

void interruptTask(SessionChanges& changes, mortise::Transaction& tx, Session& session, const NewEvent& why) {
  const bool waits = session.status == SessionStatus::waiting && !changes.hasInput();
  if (!waits) changes.add(why);
  endTask(tx, session);
  if (waits) session.status = SessionStatus::waiting;
}

}  // namespace agent
