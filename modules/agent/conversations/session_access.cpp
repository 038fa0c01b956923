#include "conversations/session_access.hpp"

#include <mortise/problem.hpp>

namespace agent {
namespace {

using mortise::Problem;
using mortise::Request;

}  // namespace

bool owns(const Request& request, const Session& session) {
  return session.owner == std::optional(request.principal().userId.string());
}

Session orUnknown(std::optional<Session> session) {
  if (!session || session->kind != SessionKind::session) throw Problem(404, "agent_session_not_found");
  return *std::move(session);
}

Session reachedSession(const SessionStore& store, const Request& request) {
  auto session = orUnknown(store.find(request.path("session_id")));
  if (!owns(request, session) && !request.permitted(kReachAll)) throw Problem(403, "agent_session_forbidden");
  return session;
}

Session ownSession(const SessionStore& store, const Request& request) {
  auto session = orUnknown(store.find(request.path("session_id")));
  if (!owns(request, session)) throw Problem(403, "agent_session_forbidden");
  return session;
}

}  // namespace agent
