// The module: the HTTP operations, the jobs, and the interface for other modules.
#pragma once

#include <mortise/log.hpp>
#include <mortise/module.hpp>

#include "maintenance.hpp"
#include "session_interface.hpp"
#include "session_service.hpp"
#include "sync_contract.hpp"

namespace sync_sessions {

class Sync final : public mortise::ModuleServing<sync_contract::sync_sessions::SyncSessions> {
 public:
  explicit Sync(mortise::Host host);
  void bind(mortise::Bindings& on) override;
  void start() override { service_.begin(); }
  void stop() override { service_.end(); }
  const void* provide(std::string_view interfaceName) override;

 private:
  mortise::Reply listSyncSessions(const mortise::Request& request) override;
  mortise::Reply readSyncSession(const mortise::Request& request) override;
  mortise::Reply readSyncSessionErrors(const mortise::Request& request) override;
  mortise::Reply cancelSyncSession(const mortise::Request& request) override;

  void closeAbandoned(mortise::JobRun& run);
  void purgeSessions(mortise::JobRun& run);
  void maintainDatabase(mortise::JobRun& run);

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
