// A module and those whose interfaces it needs, created and never started: for one of its commands, or to try it.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "core/kernel/parts.hpp"
#include "core/kernel/plan.hpp"
#include "core/kernel/stores.hpp"
#include "core/plugin/module_instance.hpp"
#include "core/plugin/registry.hpp"

namespace mortise::kernel {

class CreatedModules {
 public:
  // Throws plugin::Refusal when one of them can't be created, StartError when the plan has no module `name` that may
  // start. The arguments must outlive it.
  CreatedModules(const Plan& plan, Stores& stores, Parts& parts, std::string_view name);
  ~CreatedModules();
  CreatedModules(const CreatedModules&) = delete;
  CreatedModules& operator=(const CreatedModules&) = delete;

  // The one called `name`.
  plugin::ModuleInstance& module() const { return *instances_.back(); }

 private:
  CreatedModules() = default;

  plugin::ProvidedInterfaces provided_;
  std::vector<std::unique_ptr<plugin::ModuleInstance>> instances_;  // each behind those that it needs
};

}  // namespace mortise::kernel
