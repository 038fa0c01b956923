// The composition root and its life: prepare (load, check) -> migrate -> start -> serve -> drain -> stop, in this order
// and down again in reverse.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "core/config/config.hpp"

namespace mortise::db {
class Database;
}
namespace mortise::identity {
class Identity;
}

namespace mortise::kernel {

class ModuleSet;

// Start-up can't go on. One sentence per line, each ready to be shown to an operator.
class StartError : public std::exception {
 public:
  explicit StartError(std::vector<std::string> lines);
  const std::vector<std::string>& lines() const { return lines_; }
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::vector<std::string> lines_;
  std::string text_;
};

struct KernelOptions {
  config::Sources sources;
  std::string programDirectory;          // where the binary lies: default modules.path is <dir>/modules, then
                                         // <dir>/../lib/mortise/modules
  std::vector<std::string> moduleFiles;  // further module files, enabled without being listed (ModuleHarness)
  bool quiet = false;                    // do not configure logging from the configuration (tests)
};

class Kernel {
 public:
  // Reads the configuration and every module's manifest; nothing is opened, nothing is run. Throws StartError.
  explicit Kernel(KernelOptions options);
  // Stops whatever still runs.
  ~Kernel();
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  const config::Config& config() const;
  const ModuleSet& modules() const;
  // Sentences about modules that were refused so far ("greet.so: expected ..., found ...; do .... Not loaded.").
  const std::vector<std::string>& refusals() const;

  // Opens database and secrets. Needed by migrate(), start() and the user commands. Throws StartError.
  void openStores();
  db::Database& database();
  identity::Identity& identity();
  // Runs what is missing of the kernel's and all enabled modules' migrations; returns the names of those applied. A
  // module whose migrations are refused is taken out (or StartError when it is required).
  std::vector<std::string> migrate();

  // Creates and starts the modules, compiles the routes, starts jobs, then listens. Throws StartError.
  void start();
  std::vector<std::string> addresses() const;
  // One-time link that makes the first administrator; empty when one exists.
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
