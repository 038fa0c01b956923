#include "core/kernel/running_modules.hpp"

#include <chrono>
#include <stdexcept>
#include <utility>

#include "core/ops/log.hpp"
#include "core/plugin/library.hpp"
#include "core/plugin/manifest_job.hpp"

namespace mortise::kernel {
namespace {

plugin::HostServices hostServices(const Plan& plan, Stores& stores, Parts& parts,
                                  const plugin::ProvidedInterfaces& provided) {
  const auto& config = plan.config();
  plugin::HostServices services;
  services.config = &config;
  services.database = stores.database.get();
  services.identity = &stores.identity;
  services.mailer = parts.mailer.get();
  services.limits = parts.limits.get();
  services.cache = parts.cache.get();
  services.blobs = parts.storage.blobs.get();
  services.objects = parts.storage.objects.get();
  services.events = &parts.events;
  services.httpClient = &parts.httpClient;
  services.jobs = &parts.jobs();
  services.secrets = &stores.secrets;
  services.audit = &stores.audit;
  services.metrics = &parts.metrics;
  services.health = &parts.health;
  services.baseUrl = &parts.baseUrl;
  services.provided = &provided;
  services.server = {{"server.name", "mortise"},
                     {"server.version", MORTISE_VERSION},
                     {"server.node", parts.node},
                     {"server.boot", parts.boot},
                     {"data.dir", config.text("data.dir")},
                     {"http.public_url", config.text("http.public_url")}};
  return services;
}

}  // namespace

// Delegates to the other constructor, so that started modules are stopped when a later one throws.
RunningModules::RunningModules(Plan& plan, Stores& stores, Parts& parts) : RunningModules(parts) {
  const auto services = hostServices(plan, stores, parts, provided_);
  for (const auto* module : plan.startOrder()) {
    const auto& manifest = *module->manifest;
    try {
      auto instance = bringUp(plan, *module, services);
      provided_.add(*instance);
      instances_.push_back(std::move(instance));
      plugin::openJobs(parts.jobs(), *instances_.back());
      log::info("module started", {{"module", manifest.name}, {"version", manifest.version}, {"file", module->file}});
    } catch (const plugin::Refusal& refusal) {
      plan.withdraw(manifest.name, refusal.what());
    } catch (const std::runtime_error& error) {
      plan.withdraw(manifest.name, plugin::Refusal(manifest.path, error.what()).what());
    }
  }
  stores.identity.grant(plan.grants());
}

RunningModules::~RunningModules() {
  parts_.jobs().stop(std::chrono::seconds(10));
  while (!instances_.empty()) {
    provided_.remove(*instances_.back());
    instances_.back()->stop();
    instances_.pop_back();
  }
}

plugin::ModuleInstance* RunningModules::named(std::string_view name) const {
  for (const auto& instance : instances_) {
    if (instance->name() == name) return instance.get();
  }
  return nullptr;
}

std::unique_ptr<plugin::ModuleInstance> RunningModules::bringUp(const Plan& plan, const ModuleFile& module,
                                                                const plugin::HostServices& services) const {
  provided_.requireNeeds(*module.manifest);
  auto library = plugin::Library::open(module.file, *module.manifest);
  auto instance = std::make_unique<plugin::ModuleInstance>(module.manifest, std::move(library), services);
  std::vector<std::shared_ptr<const contract::Bucket>> buckets;
  for (const auto& document : plan.documents()) {
    if (document.module == module.manifest->name)
      buckets.insert(buckets.end(), document.buckets.begin(), document.buckets.end());
  }
  instance->host().useBuckets(std::move(buckets));
  instance->create();
  instance->start();
  return instance;
}

}  // namespace mortise::kernel
