// The modules in modules.path, their manifests, and which of them are enabled or required.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.hpp"
#include "core/plugin/manifest.hpp"

namespace mortise::kernel {

struct ModuleFile {
  std::string file;
  std::shared_ptr<const plugin::Manifest> manifest;  // null: unreadable, see refusal
  std::string refusal;                               // why it can't run; empty = it can, so far
  bool enabled = false;
  bool required = false;

  // What the manifest says, or the name of an unreadable file.
  std::string name() const;
  bool mayStart() const { return enabled && refusal.empty() && manifest != nullptr; }
  // Why it does not start, with what to do; empty: it may.
  std::string whyNot() const;
};

class ModuleSet {
 public:
  // Reads every *.so of the directories (sorted by name) and the given files, without loading any. `disabled`: names
  // switched off with `mortise module disable`.
  //
  // Of two modules that claim the same (a name, a route, an interface, a permission) the first one of all() gets it and
  // the other is refused. First come the modules that ship, if their files lie in `installation`; then those that
  // `enabled` names, in its order; then the rest in the order in which they were read. So no third party takes a
  // route from a module that ships by a name that sorts before it.
  static ModuleSet find(const std::vector<std::string>& directories, const std::vector<std::string>& files,
                        const std::vector<std::string>& enabled, const std::vector<std::string>& required,
                        const std::vector<std::string>& disabled, const std::string& installation = {});

  const std::vector<ModuleFile>& all() const { return modules_; }
  std::vector<ModuleFile>& all() { return modules_; }
  const ModuleFile* named(std::string_view name) const;
  // Modules that the configuration enables or requires but no file provides, each as one sentence that lists the
  // searched places.
  const std::vector<std::string>& missingModules() const { return missingModules_; }
  // Their names alone.
  const std::vector<std::string>& missingNames() const { return missingNames_; }
  bool requiredModuleMissing() const { return requiredModuleMissing_; }

 private:
  std::vector<ModuleFile> modules_;
  std::vector<std::string> missingModules_;
  std::vector<std::string> missingNames_;
  bool requiredModuleMissing_ = false;
};

// The list that `mortise module enable|disable` maintains: <data.dir>/modules.disabled, one name a line. Written under
// a temporary name, then renamed.
std::vector<std::string> readDisabledModules(const std::string& dataDirectory);
void writeDisabledModules(const std::string& dataDirectory, const std::vector<std::string>& names);

}  // namespace mortise::kernel
