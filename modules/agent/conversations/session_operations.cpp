#include "conversations/session_operations.hpp"

#include <mortise/json.hpp>
#include <mortise/uuid.hpp>
#include <mortise/white_space.hpp>

#include "conversations/session_access.hpp"
#include "conversations/session_views.hpp"
#include "json_text.hpp"

namespace agent {
namespace {

using mortise::Problem;
using mortise::Reply;
using mortise::Request;
namespace json = mortise::json;

constexpr std::size_t kFileCharacters = 10000;
constexpr std::int64_t kMillisFrom = 100'000'000'000;  // a timestamp from here on is in milliseconds

std::int64_t secondsOf(std::int64_t timestamp) {
  if (timestamp <= 0) return 0;
  return timestamp >= kMillisFrom ? timestamp / 1000 : timestamp;
}

// The place of a client that has everything before this event.
ChatStreams::Place before(std::int64_t number, EventId id) { return {number - 1, {id.ms, id.seq - 1}}; }

}  // namespace

SessionOperations::SessionOperations(mortise::Host host, Conversations& conversations, ChatStreams& streams,
                                     SessionLists& lists, const SessionFiles& files, sandbox::Driver& driver,
                                     desktop::Takeovers& takeovers)
    : log_(host.log()),
      audit_(host.audit()),
      conversations_(conversations),
      streams_(streams),
      lists_(lists),
      files_(files),
      driver_(driver),
      takeovers_(takeovers) {}

Session SessionOperations::reach(const Request& request) const {
  return reachedSession(conversations_.store(), request);
}

Session SessionOperations::own(const Request& request) const { return ownSession(conversations_.store(), request); }

std::string SessionOperations::ownerAsked(const Request& request) const {
  if (request.query("scope").text("own") != "all") return request.principal().userId;
  if (!request.permitted(kReachAll)) throw Problem(403, "agent_scope_forbidden");
  return {};
}

Reply SessionOperations::beginAgentSession(const Request& request) {
  const auto session = conversations_.create(request.principal().userId);
  return Reply::ok(json::object({{"session_id", session.id}}));
}

Reply SessionOperations::listAgentSessions(const Request& request) {
  return Reply::ok(json::raw(lists_.text(ownerAsked(request))));
}

void SessionOperations::watchAgentSessions(Request& request) { lists_.open(request, ownerAsked(request)); }

Reply SessionOperations::readAgentSession(const Request& request) {
  const auto session = reach(request);
  return Reply::ok(json::raw(sessionDetailText(session, conversations_.store())));
}

std::optional<ChatStreams::Place> SessionOperations::seenBy(const Session& session, const std::string& cursor) const {
  const auto id = EventId::parse(cursor);
  if (!id) return std::nullopt;
  const auto number = conversations_.store().numberOf(session.id, id->stored());
  if (!number) return std::nullopt;
  return ChatStreams::Place{*number, *id};
}

ChatStreams::Place SessionOperations::beforeTask(const Session& session) const {
  const auto first = conversations_.store().numberOf(session.id, session.taskStart());
  return first ? before(*first, session.taskStart()) : ChatStreams::Place{session.events, session.last()};
}

void SessionOperations::chatInAgentSession(Request& request,
                                           const std::optional<agent_contract::sessions::ChatMessage>& body) {
  auto session = reach(request);
  const auto sent = body.value_or(agent_contract::sessions::ChatMessage{});
  NewMessage message;
  message.text = cleanText(sent.message.valueOr(""));
  message.writtenAt = secondsOf(sent.timestamp.valueOr(0));
  message.language = request.language();
  for (const auto& id : sent.attachments.valueOr(std::vector<std::string>{}))
    message.attachments.push_back(files_.attachment(id, request));
  std::string cursor = sent.eventId.valueOr("");
  if (cursor.empty()) cursor = request.headerParameter("Last-Event-ID").text("");

  const bool hasMessage = !mortise::withoutSpaceAround(message.text).empty() || !message.attachments.empty();
  ChatStreams::Place place;
  if (hasMessage) {
    const auto seen = seenBy(session, cursor);
    const auto event = conversations_.send(session.id, message);
    takeovers_.release(session.id);
    session = orUnknown(conversations_.store().find(session.id));
    // Of a task that goes on a client without a place gets all; else what it names, or the message and what follows.
    const bool begins = event.id() == session.taskStart();
    place = seen ? *seen : cursor.empty() && !begins ? beforeTask(session) : before(event.number, event.id());
  } else {
    conversations_.repair(session.id, session.lease());
    session = orUnknown(conversations_.store().find(session.id));
    const auto seen = seenBy(session, cursor);
    // A cursor of nothing that was here means from now on.
    place = seen                                   ? *seen
            : cursor.empty() && session.isAtWork() ? beforeTask(session)
                                                   : ChatStreams::Place{session.events, session.last()};
  }
  place.isOwner = owns(request, session);
  streams_.open(request, session.id, place);
}

Reply SessionOperations::stopAgentSession(const Request& request) {
  const auto session = reach(request);
  const auto record = [&](const mortise::Transaction& tx) {
    if (!owns(request, session)) audit_.in(tx).record(request, "agent.task_stopped", "agent_session:" + session.id);
  };
  if (conversations_.stopTask(session.id, {}, record))
    log_.info("a task was stopped", {{"session", session.id}, {"by", request.principal().userId}});
  return Reply::status(200);
}

Reply SessionOperations::clearUnreadMessageCount(const Request& request) {
  conversations_.clearUnread(own(request).id);
  return Reply::status(200);
}

Reply SessionOperations::deleteAgentSession(const Request& request) {
  const auto session = own(request);
  if (!conversations_.remove(session.id)) throw Problem(404, "agent_session_not_found");
  log_.info("a session was deleted", {{"session", session.id}, {"by", request.principal().userId}});
  return Reply::status(200);
}

Reply SessionOperations::listAgentSessionFiles(const Request& request) {
  return Reply::ok(json::object({{"files", json::list(files_.list(reach(request).id))}}));
}

std::shared_ptr<sandbox::Sandbox> SessionOperations::boxOf(const Session& session) const {
  auto box = driver_.find(session.id);
  if (!box) throw Problem(404, "agent_no_sandbox");
  return box;
}

Reply SessionOperations::readAgentSessionFile(const Request& request,
                                              const agent_contract::sessions::ReadAgentSessionFileBody& body) {
  const auto file =
      boxOf(reach(request))->read({.path = body.filepath, .most = kFileCharacters}, [&] { return request.expired(); });
  return Reply::ok(
      json::object({{"filepath", body.filepath}, {"content", cleanText(file.text) + (file.cut ? "(truncated)" : "")}}));
}

Reply SessionOperations::readAgentSessionShell(const Request& request,
                                               const agent_contract::sessions::ReadAgentSessionShellBody& body) {
  const auto shell = boxOf(reach(request))->output(body.sessionId);
  return Reply::ok(
      json::object({{"session_id", body.sessionId},
                    {"output", cleanText(shell.output)},
                    {"console_records", json::list(shell.records, [](const sandbox::ConsoleRecord& record) {
                       return json::object(
                           {{"ps1", record.prompt}, {"command", record.command}, {"output", cleanText(record.output)}});
                     })}}));
}

}  // namespace agent
