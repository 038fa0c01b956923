// sync.sessions/1: the service as a table of C functions for other modules.
#pragma once

#include <mortise/abi/sync_sessions.h>
#include <mortise/served.hpp>

#include "sync_sessions/session_service.hpp"

// [crossing]
template <>
struct mortise::Crossing<sync_sessions::SessionRequest> {
  static sync_sessions::SessionRequest from(const mortise_sync_session* c);  // null is refused
};
template <>
struct mortise::Crossing<sync_sessions::Counters> {
  static sync_sessions::Counters from(const mortise_sync_counters* c);  // none are zeros
};
template <>
struct mortise::Crossing<sync_sessions::Target> {
  static sync_sessions::Target from(const mortise_sync_target* c);
};
template <>
struct mortise::Crossing<sync_sessions::Session> {
  static void to(const sync_sessions::Session& session, mortise_sync_state* out);
};
// [/crossing]

namespace sync_sessions {

// The table of `service`, which must outlive it.
mortise_sync_sessions_v1 tableOf(SessionService& service);

}  // namespace sync_sessions
