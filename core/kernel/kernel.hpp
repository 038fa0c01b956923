// The composition root: prepare (load, check) -> migrate -> start -> serve -> drain -> stop, in this order and down
// again in reverse.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/kernel/kernel_options.hpp"
#include "core/kernel/start_error.hpp"
#include "core/kernel/without_database.hpp"

namespace mortise::db {
class Database;
}
namespace mortise::identity {
class Identity;
}
namespace mortise::plugin {
class CommandRun;
}

namespace mortise::kernel {

class ModuleSet;
class Plan;

class Kernel {
 public:
  // Reads the configuration and every module's manifest; opens and runs nothing. Throws StartError.
  explicit Kernel(KernelOptions options);
  // Stops everything that is still running.
  ~Kernel();
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  const Plan& plan() const;
  const config::Config& config() const;
  const ModuleSet& modules() const;
  // Sentences about modules that were refused so far ("greet.so: expected ..., found ...; do .... Not loaded.").
  const std::vector<std::string>& refusals() const;
  // Sentences about settings that change nothing (Plan::notes()).
  const std::vector<std::string>& notes() const;

  // Opens database and secrets, which migrate() and start() do, too. Makes what is missing of them, or nothing
  // (Stores::open()). Throws StartError.
  void openStores(WithoutDatabase without = WithoutDatabase::makeOne);
  db::Database& database();
  identity::Identity& identity();
  // Runs the pending migrations of the kernel and of all enabled modules; returns the names of those applied. A module
  // whose migrations are refused is withdrawn (StartError when it is required).
  std::vector<std::string> migrate();

  // Runs a command of a module that may start: opens the stores, migrates, creates the module and what it needs, and
  // starts none of them. Returns the exit status. Throws StartError, plugin::Refusal, and std::runtime_error with the
  // module's own reason.
  int runCommand(std::string_view module, plugin::CommandRun& run);

  // Creates and starts the modules, compiles the routes, starts jobs, then listens. Throws StartError.
  void start();
  std::vector<std::string> addresses() const;
  // One-time link that creates the first administrator; empty when one exists.
  std::string setupLink();

  // Stops accepting, lets running requests and streams finish for http.drain_seconds, stops the modules in reverse
  // order, closes everything.
  void drainAndStop();

  // Every rate limit of the enabled modules: "auth.login_ip: 50 per 300s (limits.override; the contract says 30 per
  // 300s)".
  std::vector<std::string> rateLimits() const;
  // The merged document; possible after prepare.
  std::string openApi();

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace mortise::kernel
