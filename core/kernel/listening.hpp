// The parts between a socket and a handler: access rules by address and origin, the dispatcher, the HTTP server.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/http/server.hpp"
#include "core/kernel/answering.hpp"
#include "core/kernel/client_address.hpp"
#include "core/kernel/cors.hpp"
#include "core/kernel/dispatcher.hpp"
#include "core/kernel/lanes.hpp"
#include "core/kernel/parts.hpp"
#include "core/kernel/plan.hpp"
#include "core/kernel/request_log.hpp"
#include "core/kernel/routing.hpp"
#include "core/kernel/running_modules.hpp"
#include "core/kernel/stores.hpp"
#include "core/kernel/stream_watch.hpp"

namespace mortise::kernel {

class Listening {
 public:
  // Binds the addresses of http.listen and serves. Throws std::runtime_error that names the address and the reason. The
  // arguments must outlive it.
  Listening(const Plan& plan, Stores& stores, Parts& parts, const RunningModules& modules, const Routing& routing,
            Lanes& lanes);
  // Stops the lanes, whose answers are still sent, then the server, whether drained or not.
  ~Listening();
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;

  std::vector<std::string> addresses() const { return server_.addresses(); }
  // Accepts no more; waits at most `limit` for requests and streams to finish, then cuts them and logs how many.
  void drain(std::chrono::seconds limit);

 private:
  Lanes& lanes_;
  TrustedProxies proxies_;
  Cors cors_;
  RequestLog log_;
  StreamWatch streams_;
  Answering answering_;
  Dispatcher dispatcher_;
  http::Server server_;
};

}  // namespace mortise::kernel
