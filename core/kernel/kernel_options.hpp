// The parameters of a kernel.
#pragma once

#include <string>
#include <vector>

#include "core/config/config.hpp"

namespace mortise::kernel {

struct KernelOptions {
  config::Sources sources;
  std::string programDirectory;          // directory of the binary: default modules.path is <dir>/modules, then
                                         // <dir>/../lib/mortise/modules
  std::vector<std::string> moduleFiles;  // further module files, enabled without being listed (ModuleHarness)
  bool quiet = false;                    // do not configure logging from the configuration (tests)
};

}  // namespace mortise::kernel
