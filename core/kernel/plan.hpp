// The plan of what will run, made from the options before anything is opened: the configuration, the modules with their
// contracts, texts and features, and why some modules can't run. Afterwards only withdraw() changes it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.hpp"
#include "core/contract/operation.hpp"
#include "core/dialect/messages.hpp"
#include "core/identity/features.hpp"
#include "core/kernel/kernel_options.hpp"
#include "core/kernel/module_set.hpp"

namespace mortise::kernel {

// One thread at a time. The parts of a running kernel only read it, and every withdraw() is over before several threads
// do.
class Plan {
 public:
  // Reads the configuration and every module's manifest, compiles the contracts and checks the values of options; opens
  // and runs nothing. Throws StartError.
  explicit Plan(const KernelOptions& options);
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  const config::Config& config() const { return config_; }
  const std::string& dataDirectory() const { return dataDirectory_; }
  const ModuleSet& modules() const { return modules_; }
  // Sentences about modules that can't run, though the configuration wants them.
  const std::vector<std::string>& refusals() const { return refusals_; }
  // Sentences about settings that change nothing: those of modules that are not there, directories that do not exist.
  const std::vector<std::string>& notes() const { return notes_; }
  // The kernel's first, then those of the modules that may start.
  const std::vector<contract::CompiledDocument>& documents() const { return documents_; }
  const dialect::Messages& messages() const { return messages_; }
  // Of the modules that could start when the plan was made.
  const identity::FeatureTiers& features() const { return features_; }
  // The modules that may start, each after those whose interfaces it uses. The pointers are valid as long as the plan.
  std::vector<const ModuleFile*> startOrder() const;
  // Permission -> roles, of the modules that may start.
  std::map<std::string, std::vector<std::string>> grants() const;
  // Directory of the bundled documentation pages; empty when they are not installed.
  std::string assetDirectory() const;
  // "auth.login_ip: 50 per 300s (limits.override; the contract says 30 per 300s)"
  std::vector<std::string> rateLimits() const;

  // Records that a module can't run after all: removes its routes; `sentence` is the reason. Throws StartError when the
  // module is one of modules.required.
  void withdraw(std::string_view module, std::string sentence);

 private:
  void readConfiguration(const KernelOptions& options);
  void checkManifests();
  void compileContracts(const contract::BucketOverrides& overrides);
  void withdrawUnknownFeatures();
  void checkOverrides(const contract::BucketOverrides& overrides) const;
  void addMessages(const plugin::Manifest& manifest);
  void refuse(ModuleFile& module, std::string sentence);
  std::vector<const plugin::Manifest*> manifests() const;
  ModuleFile* startable(std::string_view name);

  std::string programDirectory_;
  config::Config config_;
  std::string dataDirectory_;
  ModuleSet modules_;
  std::vector<std::string> refusals_;
  std::vector<std::string> notes_;
  std::vector<contract::CompiledDocument> documents_;
  dialect::Messages messages_;
  identity::FeatureTiers features_;
};

}  // namespace mortise::kernel
