// Passes the jobs of a module to the job engine. [start] after the module has started.
#pragma once

namespace mortise::services {
class Jobs;
}

namespace mortise::plugin {

class ModuleInstance;

// The jobs of its manifest, and those it created, now or before a restart. `jobs` is the engine of the module's
// HostServices. Ends with the module. Throws Refusal when the engine refuses one.
void openJobs(services::Jobs& jobs, ModuleInstance& instance);

}  // namespace mortise::plugin
