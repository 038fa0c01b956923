// The module: the HTTP operations, the jobs, and the interface for other modules.
#pragma once

#include <mortise/log.hpp>
#include <mortise/module.hpp>

#include "maintenance.hpp"
#include "session_interface.hpp"
#include "session_service.hpp"

namespace sync_sessions {

class Sync final : public mortise::Module {
 public:
  explicit Sync(mortise::Host host);
  void bind(mortise::Bindings& on) override;
  void start() override { service_.start(); }
  void stop() override { service_.stop(); }
  const void* provide(std::string_view interfaceName) override;

 private:
  mortise::Reply listSessions(const mortise::Request& request) const;
  mortise::Reply readSession(const mortise::Request& request) const;
  mortise::Reply readErrors(const mortise::Request& request) const;
  mortise::Reply cancelSession(const mortise::Request& request);

  void closeAbandoned(mortise::JobRun& run);
  void purgeSessions(mortise::JobRun& run);
  void maintainDatabase(mortise::JobRun& run);

  mortise::Log log_;
  SessionService service_;
  SessionInterface interface_;
  Maintenance maintenance_;
};

}  // namespace sync_sessions
