#include "conversations/live_events.hpp"

#include <mortise/json.hpp>

#include <exception>
#include <utility>

#include "json_text.hpp"

namespace agent {
namespace {

namespace json = mortise::json;

constexpr std::string_view kSessionMember = "{\"session_id\":\"";

std::string payloadOf(const LiveEvent& event) {
  std::string out;
  json::ObjectWriter(out)
      .member("session_id", event.sessionId)  // first: sessionOf() goes by it
      .member("number", event.number)
      .member("id", event.id.text())
      .member("kind", event.kind)
      .member("partial", event.partial)
      .member("data", event.data)
      .end();
  return out;
}

}  // namespace

void LiveEvents::publish(std::string_view topic, const std::string& payload) const {
  try {
    events_.publish(topic, payload);
  } catch (const std::exception& error) {
    log_.warning("an event of a session is left to the database", {{"topic", topic}, {"reason", error.what()}});
  }
}

void LiveEvents::notify(const StoredEvent& event) const {
  publish(kLiveTopic, payloadOf({event.sessionId, event.number, event.id(), event.kind, false, event.data}));
}

void LiveEvents::notifyPartial(const LiveEvent& event) const { publish(kLiveTopic, payloadOf(event)); }

void LiveEvents::notifyDeleted(std::string_view sessionId) const {
  publish(kLiveTopic, payloadOf({std::string(sessionId), 0, {}, "deleted", false, "{}"}));
}

void LiveEvents::notifySession(const Session& session) const {
  if (session.kind != SessionKind::session) return;
  std::string out;
  json::ObjectWriter(out)
      .member("user_id", session.owner.value_or(""))
      .member("session_id", session.id)
      .member("status", std::string(mortise::detail::nameOf(session.status)))
      .end();
  publish(kSessionTopic, out);
}

mortise::Subscription LiveEvents::listen(std::string sessionId, std::function<void()> heard) const {
  return events_.subscribe(kLiveTopic, [id = std::move(sessionId), heard = std::move(heard)](const auto& event) {
    if (event.lost > 0 || sessionOf(event.payload) == id) heard();
  });
}

void LiveEvents::notifyStopped(std::string_view run) const { publish(kStoppedTopic, std::string(run)); }

std::string_view sessionOf(std::string_view payload) {
  if (!payload.starts_with(kSessionMember)) return {};
  payload.remove_prefix(kSessionMember.size());
  return payload.substr(0, payload.find('"'));
}

std::optional<LiveEvent> readLiveEvent(std::string_view payload) {
  rapidjson::Document event;
  if (!parseJson(payload, event)) return std::nullopt;
  const auto id = EventId::parse(textMember(event, "id"));
  if (!id) return std::nullopt;
  return LiveEvent{textMember(event, "session_id"), integerMember(event, "number"), *id,
                   textMember(event, "kind"),       boolMember(event, "partial"),   textMember(event, "data")};
}

std::string ownerOf(std::string_view payload) {
  rapidjson::Document event;
  return parseJson(payload, event) ? textMember(event, "user_id") : std::string();
}

}  // namespace agent
