#include "session_interface.hpp"

#include <mortise/problem.hpp>
#include <mortise/text.hpp>

#include <algorithm>
#include <cstring>

namespace mortise {

sync_sessions::Counters Crossing<sync_sessions::Counters>::from(const mortise_sync_counters* c) {
  if (c == nullptr) return {};
  return {c->synced, c->created, c->updated, c->deleted};
}

sync_sessions::Target Crossing<sync_sessions::Target>::from(const mortise_sync_target* c) {
  return {c->instance_id, detail::copied(c->name)};
}

void Crossing<sync_sessions::Session>::to(const sync_sessions::Session& session, mortise_sync_state* out) {
  const auto size = std::min(session.status.size(), sizeof out->status - 1);
  std::memcpy(out->status, session.status.data(), size);
  out->status[size] = '\0';
  out->total = session.total;
  out->successful = session.successful;
  out->failed = session.failed;
}

}  // namespace mortise

namespace sync_sessions {

using mortise::Problem;
using mortise::Served;
using mortise::Text;
using Self = SessionInterface;

// [served]
SessionInterface::SessionInterface(SessionService& service, mortise::Log log)
    : Serving(log, "a session can't be written", MORTISE_CLOSED),
      service_(service),
      table_{sizeof(mortise_sync_sessions_v1), this,
             Served<&Self::open>::call,        Served<&Self::addTargets>::call,
             Served<&Self::start>::call,       Served<&Self::progress>::call,
             Served<&Self::complete>::call,    Served<&Self::fail>::call,
             Served<&Self::logError>::call,    Served<&Self::finish>::call,
             Served<&Self::cancel>::call,      Served<&Self::cancelled>::call,
             Served<&Self::read>::call} {}

mortise::FixedText<37> SessionInterface::open(const mortise_sync_session* session) {
  if (session == nullptr) throw Problem(422, "null").note("the session is null");
  return {service_.open(Text(session->type), Text(session->category), session->created_by)};
}

std::vector<std::int64_t> SessionInterface::addTargets(std::string_view sessionId, const std::vector<Target>& targets) {
  return service_.addTargets(sessionId, targets);
}
// [/served]

void SessionInterface::start(std::int64_t recordId) { service_.start(recordId); }

void SessionInterface::progress(std::int64_t recordId, const Counters& counters) {
  service_.progress(recordId, counters);
}

void SessionInterface::complete(std::int64_t recordId, const Counters& counters, std::string_view details) {
  service_.complete(recordId, counters, details);
}

void SessionInterface::fail(std::int64_t recordId, std::string_view message, std::string_view details) {
  service_.fail(recordId, message, details);
}

void SessionInterface::logError(std::string_view sessionId, std::string_view message, std::string_view details) {
  service_.logError(sessionId, message, details);
}

mortise_status SessionInterface::finish(std::string_view sessionId, std::string_view reason) {
  return service_.finish(sessionId, reason) ? MORTISE_OK : MORTISE_CLOSED;
}

mortise_status SessionInterface::cancel(std::string_view sessionId) {
  if (service_.cancel(sessionId, {})) return MORTISE_OK;
  read(sessionId);  // unknown is another answer than ended
  return MORTISE_CLOSED;
}

bool SessionInterface::cancelled(std::string_view sessionId) { return service_.cancelled(sessionId); }

Session SessionInterface::read(std::string_view sessionId) {
  auto session = service_.store().find(sessionId);
  if (!session) throw Problem(404, "sync_session_not_found");
  return *std::move(session);
}

}  // namespace sync_sessions
