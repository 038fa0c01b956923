// What people do with sync sessions over HTTP, the jobs that keep them, and their interface for other modules.
#pragma once

#include <mortise/log.hpp>
#include <mortise/module.hpp>

#include <string_view>

#include "sync_contract.hpp"
#include "sync_sessions/maintenance.hpp"
#include "sync_sessions/session_interface.hpp"
#include "sync_sessions/session_service.hpp"

namespace sync_sessions {

class SyncSessionOperations final : public sync_contract::sync_sessions::SyncSessions {
 public:
  explicit SyncSessionOperations(mortise::Host host);

  // As of mortise::Module.
  void begin() { service_.begin(); }
  void end() { service_.end(); }
  const void* provide(std::string_view interfaceName) const;

  void closeAbandoned(mortise::JobRun& run);
  void purgeSessions(mortise::JobRun& run);
  void maintainDatabase(mortise::JobRun& run);

 private:
  mortise::Reply listSyncSessions(const mortise::Request& request) override;
  mortise::Reply readSyncSession(const mortise::Request& request) override;
  mortise::Reply readSyncSessionErrors(const mortise::Request& request) override;
  mortise::Reply cancelSyncSession(const mortise::Request& request) override;

  // What runs of jobs have reported by now is in the store after it, unless nobody waits for the request any more.
  void catchUp(const mortise::Request& request);
  // The session of the path. Problem 404 sync_session_not_found.
  Session sessionOf(const mortise::Request& request);

  mortise::Log log_;
  SessionService service_;
  const mortise_sync_sessions_v1 table_;
  Maintenance maintenance_;
};

}  // namespace sync_sessions
