// sync.sessions/1 by hand: every function of its table as an HTTP operation, without a rule of its own.
#pragma once

#include <mortise/abi/sync_sessions.h>
#include <mortise/module.hpp>

class SyncCalls {
 public:
  explicit SyncCalls(mortise::Host host) : host_(host) {}
  void bind(mortise::Bindings& on) { on.operation("callSync", this, &SyncCalls::call); }

 private:
  mortise::Reply call(const mortise::Request& request);

  mortise::Host host_;
};
