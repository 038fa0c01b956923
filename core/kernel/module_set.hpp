// Which modules there are, and which of them are to run: files found in modules.path, what they say of themselves, what
// the operator chose.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.hpp"
#include "core/plugin/manifest.hpp"

namespace mortise::kernel {

struct FoundModule {
  std::string file;
  std::shared_ptr<const plugin::Manifest> manifest;  // null: unreadable, see refusal
  std::string refusal;                               // why it can't run; empty = fine so far
  bool enabled = false;
  bool required = false;

  bool mayStart() const { return enabled && refusal.empty() && manifest != nullptr; }
};

class ModuleSet {
 public:
  // Reads every *.so of the directories (sorted by name) and the given files, without loading any. Of two files with
  // one module name the first found counts, the other is refused. `disabled`: names switched off with `mortise module
  // disable`.
  static ModuleSet find(const std::vector<std::string>& directories, const std::vector<std::string>& files,
                        const std::vector<std::string>& enabled, const std::vector<std::string>& required,
                        const std::vector<std::string>& disabled);

  const std::vector<FoundModule>& all() const { return modules_; }
  std::vector<FoundModule>& all() { return modules_; }
  const FoundModule* named(std::string_view name) const;
  // Names that the configuration enables or requires but no file provides, each as one sentence that lists where was
  // looked.
  const std::vector<std::string>& missing() const { return missing_; }
  bool requiredMissing() const { return requiredMissing_; }

 private:
  std::vector<FoundModule> modules_;
  std::vector<std::string> missing_;
  bool requiredMissing_ = false;
};

// The list that `mortise module enable|disable` keeps: <data.dir>/modules.disabled, one name a line. Written to a
// temporary name, then renamed.
std::vector<std::string> readDisabledModules(const std::string& dataDirectory);
void writeDisabledModules(const std::string& dataDirectory, const std::vector<std::string>& names);

}  // namespace mortise::kernel
