#include "core/kernel/kernel.hpp"

#include <chrono>
#include <optional>
#include <utility>

#include "core/base/identifiers.hpp"
#include "core/contract/openapi.hpp"
#include "core/contract/route_table.hpp"
#include "core/db/migrations.hpp"
#include "core/identity/kernel_migrations.hpp"
#include "core/kernel/created_modules.hpp"
#include "core/kernel/data_lock.hpp"
#include "core/kernel/kernel_jobs.hpp"
#include "core/kernel/lanes.hpp"
#include "core/kernel/listening.hpp"
#include "core/kernel/node_identity.hpp"
#include "core/kernel/parts.hpp"
#include "core/kernel/plan.hpp"
#include "core/kernel/routing.hpp"
#include "core/kernel/running_modules.hpp"
#include "core/kernel/stores.hpp"
#include "core/ops/log.hpp"
#include "core/plugin/command_run.hpp"
#include "core/plugin/refusal.hpp"

namespace mortise::kernel {
namespace {

// Reports the modules that the operator enabled and that do not run: the server works without them.
void reportRefused(const Plan& plan, ops::Health& health) {
  const auto report = [&](const std::string& module, const std::string& reason) {
    const bool added = health.add(module, false, std::chrono::seconds(1), [reason](std::chrono::milliseconds) {
      return ops::CheckResult{false, reason};
    });
    if (!added) log::error("a module does not run, and another check has its name", {{"module", module}});
  };
  for (const auto& module : plan.modules().all()) {
    if (module.enabled && !module.refusal.empty()) report(module.name(), module.refusal);
  }
  for (const auto& name : plan.modules().missingNames()) report(name, "no file provides it");
}

// A started server, in the order of its start. Each member uses only earlier ones (its constructor takes nothing else),
// so they end in reverse: no new requests, then no jobs, then no modules, then no services.
struct Running {
  Running(Plan& plan, Stores& stores)
      : parts(plan, stores, nodeIdentity(plan.dataDirectory())),
        modules(plan, stores, parts),
        routing(plan, modules),
        kernelJobs(plan, stores, parts),
        lanes(plan.config(), parts.stopping),
        listening(plan, stores, parts, modules, routing, lanes) {
    reportRefused(plan, parts.health);
    kernelJobs.cleanNow(lanes.workers());
  }

  Parts parts;
  RunningModules modules;
  Routing routing;
  KernelJobs kernelJobs;
  Lanes lanes;
  Listening listening;
};

}  // namespace

struct Kernel::Implementation {
  explicit Implementation(const KernelOptions& options) : plan(options) {}

  Plan plan;
  std::optional<DataLock> lock;  // taken at the start, held until the stores are closed
  std::unique_ptr<Stores> stores;
  bool migrated = false;
  std::unique_ptr<Running> running;
};

Kernel::Kernel(KernelOptions options) : implementation_(std::make_unique<Implementation>(options)) {}

Kernel::~Kernel() {
  drainAndStop();
  log::flush();
}

const Plan& Kernel::plan() const { return implementation_->plan; }
const config::Config& Kernel::config() const { return implementation_->plan.config(); }
const ModuleSet& Kernel::modules() const { return implementation_->plan.modules(); }
const std::vector<std::string>& Kernel::refusals() const { return implementation_->plan.refusals(); }
const std::vector<std::string>& Kernel::notes() const { return implementation_->plan.notes(); }

void Kernel::openStores(WithoutDatabase without) {
  if (!implementation_->stores) implementation_->stores = Stores::open(implementation_->plan, without);
}

db::Database& Kernel::database() { return *implementation_->stores->database; }
identity::Identity& Kernel::identity() { return implementation_->stores->identity; }

std::vector<std::string> Kernel::migrate() {
  auto& self = *implementation_;
  openStores();
  std::vector<std::string> applied;
  const auto note = [&](const std::string& owner, const db::MigrationReport& report) {
    for (const auto& name : report.applied) applied.push_back(owner + ": " + name);
  };
  try {
    note("kernel", db::migrate(database(), "kernel", identity::kernelMigrations()));
  } catch (const std::exception& error) {
    throw StartError({error.what()});
  }
  for (const auto& module : self.plan.modules().all()) {
    if (!module.mayStart() || module.manifest->migrations.empty()) continue;
    const auto& name = module.manifest->name;
    try {
      note(name, db::migrate(database(), name, module.manifest->migrations, db::Tables::own));
    } catch (const std::exception& error) {
      self.plan.withdraw(name, plugin::Refusal(module.file, error.what()).what());
    }
  }
  self.migrated = true;
  return applied;
}

int Kernel::runCommand(std::string_view module, plugin::CommandRun& run) {
  auto& self = *implementation_;
  openStores();
  if (!self.migrated) migrate();
  if (run.stopped()) return 1;  // meanwhile
  identity().features().declare(self.plan.features());
  Parts parts(self.plan, *self.stores, uuid4(), PartsOf::command);
  const CreatedModules modules(self.plan, *self.stores, parts, module);
  return modules.module().runCommand(run);
}

void Kernel::start() {
  auto& self = *implementation_;
  openStores();
  self.lock.emplace(self.plan.dataDirectory());
  if (!self.migrated) migrate();
  try {
    identity().features().declare(self.plan.features());
    self.running = std::make_unique<Running>(self.plan, *self.stores);
  } catch (const StartError&) {
    throw;
  } catch (const std::exception& error) {
    throw StartError({error.what()});
  }
}

std::vector<std::string> Kernel::addresses() const {
  const auto& running = implementation_->running;
  return running ? running->listening.addresses() : std::vector<std::string>{};
}

std::string Kernel::setupLink() {
  const auto& self = *implementation_;
  const auto token = identity().makeSetupToken();
  if (token.empty()) return {};
  const plugin::BaseUrl unknown;
  return clientUrl(config(), self.running ? self.running->parts.baseUrl : unknown) + "/setup?token=" + token;
}

std::vector<std::string> Kernel::rateLimits() const { return implementation_->plan.rateLimits(); }

std::string Kernel::openApi() {
  const contract::RouteTable table(implementation_->plan.documents());
  const auto& url = config().text("http.public_url");
  return contract::mergedOpenApi(table.documents(), MORTISE_VERSION, url.empty() ? "/" : url);
}

void Kernel::drainAndStop() {
  auto& running = implementation_->running;
  if (!running) return;
  running->listening.drain(std::chrono::seconds(config().integer("http.drain_seconds")));
  running.reset();
  log::info("stopped");
  log::flush();
}

}  // namespace mortise::kernel
