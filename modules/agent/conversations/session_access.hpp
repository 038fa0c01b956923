// Which sessions a caller may have.
#pragma once

#include <mortise/request.hpp>

#include <optional>

#include "conversations/session_store.hpp"

namespace agent {

inline constexpr const char* kReachAll = "agent.reach_all";
// Whether the caller's account is the session's or thread's owner.
bool owns(const mortise::Request& request, const Session& session);
// Problem 404 agent_session_not_found unless it is a session of the platform (a thread of a chat is none).
Session orUnknown(std::optional<Session> session);
// The session that the path of the request names, for its owner and for whoever reaches all. Problem 404, 403
// agent_session_forbidden.
Session reachedSession(const SessionStore& store, const mortise::Request& request);
// The same for its owner alone.
Session ownSession(const SessionStore& store, const mortise::Request& request);

}  // namespace agent
