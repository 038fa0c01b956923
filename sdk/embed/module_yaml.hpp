// module.yaml: what a module is. Checked strictly here, so that a mistake shows at build time with its line and not at
// load time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mortise/abi/base.h"

namespace mortise::embed {

// The SDK that this tool belongs to.
inline constexpr int kSdkMajor = MORTISE_ABI_MAJOR;
inline constexpr int kSdkMinor = MORTISE_ABI_MINOR;

struct ModuleYaml {
  std::string name;
  int sdkMinor = 0;                      // of the SDK that it needs
  std::string json;                      // the manifest's "module" object
  std::vector<std::string> permissions;  // declared names
};

// `file` is how findings name the text. Throws Refusal with every finding, in the order of the file.
ModuleYaml readModuleYaml(std::string_view yaml, const std::string& file);

}  // namespace mortise::embed
