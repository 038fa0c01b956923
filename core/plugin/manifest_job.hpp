// Hands a job of a module's manifest to the job engine. [start] after the module has started.
#pragma once

#include "core/plugin/manifest.hpp"

namespace mortise::services {
class Jobs;
}

namespace mortise::plugin {

class ModuleInstance;

// `jobs` is the engine of the module's HostServices. Ends with the module. Throws Refusal when the engine does not take
// it.
void addManifestJob(services::Jobs& jobs, ModuleInstance& instance, const JobDeclaration& job);

}  // namespace mortise::plugin
