// module.yaml: what a module is. Checked strictly here, so that a mistake shows at build time with its line and not at
// load time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mortise::embed {

// The SDK that this tool belongs to.
inline constexpr int kSdkMajor = 1;
inline constexpr int kSdkMinor = 0;

struct ModuleYaml {
  std::string name;
  std::string json;                      // the manifest's "module" object
  std::vector<std::string> permissions;  // declared names
};

// `file` is how findings name the text. Throws Refusal with every finding, in the order of the file.
ModuleYaml readModuleYaml(std::string_view yaml, const std::string& file);

}  // namespace mortise::embed
