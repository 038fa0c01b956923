#include "core/kernel/running_modules.hpp"

#include <chrono>
#include <stdexcept>
#include <utility>

#include "core/kernel/module_creation.hpp"
#include "core/ops/log.hpp"
#include "core/plugin/manifest_job.hpp"

namespace mortise::kernel {

// Delegates to the other constructor, so that started modules are stopped when a later one throws.
RunningModules::RunningModules(Plan& plan, Stores& stores, Parts& parts) : RunningModules(parts) {
  const auto services = hostServices(plan, stores, parts, provided_);
  for (const auto* module : plan.startOrder()) {
    const auto& manifest = *module->manifest;
    try {
      auto instance = createModule(plan, *module, services);
      instance->start();
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

}  // namespace mortise::kernel
