// sync.sessions/1: the service as a table of C functions for other modules.
#pragma once

#include <mortise/abi/sync_sessions.h>

#include "session_service.hpp"

namespace sync_sessions {

// Lives as long as the module. Nothing thrown leaves it.
class SessionInterface {
 public:
  SessionInterface(SessionService& service, mortise::Log log);
  SessionInterface(const SessionInterface&) = delete;
  SessionInterface& operator=(const SessionInterface&) = delete;

  const mortise_sync_sessions_v1* table() const { return &table_; }

 private:
  static SessionInterface& of(void* context) { return *static_cast<SessionInterface*>(context); }
  template <class Work>
  mortise_status guarded(mortise_error* error, Work&& work) noexcept;

  static mortise_status open(void* context, const mortise_sync_session* session, char* sessionId, mortise_error* error);
  static mortise_status addTargets(void* context, mortise_str sessionId, const mortise_sync_target* targets,
                                   std::size_t count, std::int64_t* recordIds, mortise_error* error);
  static mortise_status start(void* context, std::int64_t recordId, mortise_error* error);
  static mortise_status progress(void* context, std::int64_t recordId, const mortise_sync_counters* counters,
                                 mortise_error* error);
  static mortise_status complete(void* context, std::int64_t recordId, const mortise_sync_counters* counters,
                                 mortise_str details, mortise_error* error);
  static mortise_status fail(void* context, std::int64_t recordId, mortise_str message, mortise_str details,
                             mortise_error* error);
  static mortise_status logError(void* context, mortise_str sessionId, mortise_str message, mortise_str details,
                                 mortise_error* error);
  static mortise_status finish(void* context, mortise_str sessionId, mortise_str reason, mortise_error* error);
  static mortise_status cancel(void* context, mortise_str sessionId, mortise_error* error);
  static std::int32_t cancelled(void* context, mortise_str sessionId);
  static mortise_status read(void* context, mortise_str sessionId, mortise_sync_state* state, mortise_error* error);

  SessionService& service_;
  mortise::Log log_;
  mortise_sync_sessions_v1 table_;
};

}  // namespace sync_sessions
