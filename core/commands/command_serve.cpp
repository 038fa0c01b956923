// serve: the server itself.
#include <signal.h>

#include <iostream>

#include "core/commands/command.hpp"
#include "core/commands/stop_signals.hpp"
#include "core/ops/crash.hpp"
#include "core/ops/log.hpp"

namespace mortise::commands {

namespace {

void announce(kernel::Kernel& server) {
  for (const auto& address : server.addresses()) {
    if (address.starts_with("unix:")) {
      std::cout << "listening on " << address << '\n';
    } else {
      std::cout << "listening on http://" << address << "   docs: http://" << address << "/docs\n";
    }
  }
  const auto link = server.setupLink();
  if (!link.empty()) std::cout << "no administrator yet; make one once at " << link << '\n';
  for (const auto& line : server.notes()) std::cout << "note: " << line << '\n';
  for (const auto& line : server.refusals()) std::cout << "refused: " << line << '\n';
  std::cout << std::flush;
}

int serve(const Program& program, const Arguments& arguments) {
  const auto signals = blockStopSignals();
  const auto server = prepare(program, arguments, false);
  for (const auto& applied : server->migrate()) log::info("migration applied", {{"migration", applied}});
  server->start();
  announce(*server);
  int received = 0;
  sigwait(&signals, &received);
  log::info("stopping", {{"signal", received}});
  letEndAtOnce(signals);  // a second one
  server->drainAndStop();
  return 0;
}

}  // namespace

std::vector<Command> serveCommands() {
  return {{"serve",
           "Run the server",
           {"mortise serve [--config FILE] [--section.key=value ...]",
            "Loads the enabled modules, applies missing migrations, listens, and serves until SIGTERM, SIGINT or "
            "SIGHUP. Then "
            "it takes no new connections,\n"
            "lets running requests and streams finish for http.drain_seconds, and stops the modules in reverse order.",
            {},
            {}},
           serve}};
}

}  // namespace mortise::commands
