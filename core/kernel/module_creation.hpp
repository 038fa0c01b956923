// How a module comes to life in this kernel: what it is given, and what happens before it starts.
#pragma once

#include <memory>

#include "core/kernel/parts.hpp"
#include "core/kernel/plan.hpp"
#include "core/kernel/stores.hpp"
#include "core/plugin/host.hpp"
#include "core/plugin/module_instance.hpp"
#include "core/plugin/registry.hpp"

namespace mortise::kernel {

// `provided`: what modules offer to each other. The arguments must outlive what the services are handed to.
plugin::HostServices hostServices(const Plan& plan, Stores& stores, Parts& parts,
                                  const plugin::ProvidedInterfaces& provided);
// Loads the module and creates it. Throws plugin::Refusal, also when a module is not there whose interface it needs.
std::unique_ptr<plugin::ModuleInstance> createModule(const Plan& plan, const ModuleFile& module,
                                                     const plugin::HostServices& services);

}  // namespace mortise::kernel
