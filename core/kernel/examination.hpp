// What `mortise doctor` finds out. Each function opens what it needs anew, takes no lock of the server, migrates nothing, and
// is made for a process that ends afterwards: what hangs beyond its limit is left behind in it.
#pragma once

#include "core/kernel/finding.hpp"
#include "core/kernel/plan.hpp"

namespace mortise::kernel {

// The configuration, and data.dir as this process may use it.
void examineConfiguration(const Plan& plan, const ReportFinding& report);
// Whether a server runs on these data, and what it says of itself at /api/status.
void examineServer(const Plan& plan, const ReportFinding& report);
// Database, migrations of the kernel, cache, storage, mail: each is written to or asked.
void examineServices(const Plan& plan, const ReportFinding& report);
// One enabled module: whether it can be created, its migrations, and its trials (health/1).
void examineModule(const Plan& plan, const ModuleFile& module, const ReportFinding& report);

}  // namespace mortise::kernel
