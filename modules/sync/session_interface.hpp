// sync.sessions/1: the service as a table of C functions for other modules.
#pragma once

#include <mortise/abi/sync_sessions.h>
#include <mortise/served.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

#include "session_service.hpp"

// [crossing]
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

// [interface]
// Lives as long as the module. Each method is the function of the table that has its name.
class SessionInterface : public mortise::Serving {
 public:
  SessionInterface(SessionService& service, mortise::Log log);

  const mortise_sync_sessions_v1* table() const { return &table_; }

  mortise::FixedText<37> open(const mortise_sync_session* session);
  std::vector<std::int64_t> addTargets(std::string_view sessionId, const std::vector<Target>& targets);
  void start(std::int64_t recordId);
  void progress(std::int64_t recordId, const Counters& counters);
  void complete(std::int64_t recordId, const Counters& counters, std::string_view details);
  void fail(std::int64_t recordId, std::string_view message, std::string_view details);
  void logError(std::string_view sessionId, std::string_view message, std::string_view details);
  mortise_status finish(std::string_view sessionId, std::string_view reason);
  mortise_status cancel(std::string_view sessionId);
  bool cancelled(std::string_view sessionId);
  Session read(std::string_view sessionId);

 private:
  SessionService& service_;
  mortise_sync_sessions_v1 table_;
};
// [/interface]

}  // namespace sync_sessions
