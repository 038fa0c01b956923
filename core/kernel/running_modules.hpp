// The modules that run: started in the order of the plan, stopped in reverse.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "core/kernel/parts.hpp"
#include "core/kernel/plan.hpp"
#include "core/kernel/stores.hpp"
#include "core/plugin/host.hpp"
#include "core/plugin/module_instance.hpp"
#include "core/plugin/registry.hpp"

namespace mortise::kernel {

class RunningModules {
 public:
  // Loads, creates and starts each module and passes its jobs to the engine; then grants the modules' permissions to
  // roles. A module that fails is withdrawn from the plan. Throws StartError when that one is required. The arguments
  // must outlive it.
  RunningModules(Plan& plan, Stores& stores, Parts& parts);
  // Ends the runs of jobs (waits at most ten seconds for them), then stops the modules.
  ~RunningModules();
  RunningModules(const RunningModules&) = delete;
  RunningModules& operator=(const RunningModules&) = delete;

  const std::vector<std::unique_ptr<plugin::ModuleInstance>>& all() const { return instances_; }
  // Null when it does not run.
  plugin::ModuleInstance* named(std::string_view name) const;

 private:
  explicit RunningModules(Parts& parts) : parts_(parts) {}

  Parts& parts_;
  plugin::ProvidedInterfaces provided_;  // what they offer to each other
  std::vector<std::unique_ptr<plugin::ModuleInstance>> instances_;
};

}  // namespace mortise::kernel
