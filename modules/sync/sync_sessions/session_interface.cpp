#include "sync_sessions/session_interface.hpp"

#include <mortise/problem.hpp>
#include <mortise/text.hpp>

#include <algorithm>
#include <cstring>

namespace mortise {

sync_sessions::SessionRequest Crossing<sync_sessions::SessionRequest>::from(const mortise_sync_session* c) {
  if (c == nullptr) throw Problem(422, "null").note("the session is null");
  return {Text(c->type).string(), Text(c->category).string(), c->created_by};
}

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

using mortise::Served;
using Service = SessionService;

// [served]
mortise_sync_sessions_v1 tableOf(SessionService& service) {
  return {sizeof(mortise_sync_sessions_v1), &service,
          Served<&Service::open>::call,     Served<&Service::addTargets>::call,
          Served<&Service::start>::call,    Served<&Service::progress>::call,
          Served<&Service::complete>::call, Served<&Service::fail>::call,
          Served<&Service::logError>::call, Served<&Service::finish>::call,
          Served<&Service::cancel>::call,   Served<&Service::cancelled>::call,
          Served<&Service::read>::call};
}
// [/served]

}  // namespace sync_sessions
