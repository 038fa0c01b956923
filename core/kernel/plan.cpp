#include "core/kernel/plan.hpp"

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "core/base/text.hpp"
#include "core/contract/kernel_contract.hpp"
#include "core/contract/route_table.hpp"
#include "core/kernel/option_values.hpp"
#include "core/kernel/start_error.hpp"
#include "core/ops/log.hpp"
#include "core/plugin/library.hpp"
#include "core/plugin/registry.hpp"

namespace mortise::kernel {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> linesOf(const std::vector<config::Refusal>& refusals) {
  std::vector<std::string> lines;
  for (const auto& refusal : refusals)
    lines.push_back(refusal.where.empty() ? refusal.text : refusal.where + ": " + refusal.text);
  return lines;
}

// Where the modules lie that were installed with the program; empty when they are not there.
std::string installedModules(const std::string& programDirectory) {
  for (const auto* beside : {"/modules", "/../lib/mortise/modules"}) {
    std::error_code failure;
    const auto path = programDirectory + beside;
    if (!programDirectory.empty() && fs::is_directory(path, failure)) return fs::path(path).lexically_normal().string();
  }
  return {};
}

}  // namespace

Plan::Plan(const KernelOptions& options) : programDirectory_(options.programDirectory) {
  readConfiguration(options);
  dialect::addKernelMessages(messages_);
  const auto overrides = bucketOverrides(config_);
  checkManifests();
  compileContracts(overrides);
  withdrawUnknownFeatures();
  checkOverrides(overrides);
  checkValues(config_);
  grants();
}

void Plan::readConfiguration(const KernelOptions& options) {
  const config::Reader reader(options.sources);
  config::Table table;
  for (const auto& option : config::kernelOptions()) table.add(option);
  std::vector<config::Refusal> faults;
  const auto first = reader.read(table, false, {}, faults);
  if (!faults.empty()) throw StartError(linesOf(faults));

  if (!options.quiet) {
    bool known = false;
    const auto level = log::levelFrom(first.text("log.level"), known);
    log::configure(level, first.text("log.format") == "json" ? log::Format::json : log::Format::logfmt);
  }
  dataDirectory_ = first.text("data.dir");
  const auto installation = installedModules(options.programDirectory);
  auto directories = first.list("modules.path");
  if (directories.empty() && !installation.empty()) directories.push_back(installation);
  for (const auto& directory : directories) {
    std::error_code failure;
    if (fs::exists(directory, failure)) continue;
    notes_.push_back("modules.path (" + first.origin("modules.path") + "): " + directory + " is not there");
  }
  modules_ = ModuleSet::find(directories, options.moduleFiles, first.list("modules.enabled"),
                             first.list("modules.required"), readDisabledModules(dataDirectory_), installation);
  if (modules_.requiredModuleMissing()) throw StartError(modules_.missingModules());
  for (const auto& line : modules_.missingModules()) refusals_.push_back(line);

  // Their options are not known, or not needed: their sections are not read.
  std::vector<std::string> others = modules_.missingNames();
  for (auto& module : modules_.all()) {
    if (module.enabled && !module.refusal.empty()) {
      const auto sentence = module.refusal;
      refuse(module, sentence);
    }
    if (!module.mayStart()) {
      others.push_back(module.name());
      continue;
    }
    for (const auto& option : module.manifest->options) table.add(option);
  }
  config_ = reader.read(table, true, others, faults);
  if (!faults.empty()) throw StartError(linesOf(faults));
  for (const auto& ignored : linesOf(config_.ignored())) {
    log::warning("settings are ignored", {{"reason", ignored}});
    notes_.push_back(ignored);
  }
}

void Plan::addMessages(const plugin::Manifest& manifest) {
  for (const auto& [language, texts] : manifest.messages) {
    for (const auto& [code, text] : texts) {
      if (!messages_.add(manifest.name, language, code, text)) {
        log::warning("message code belongs to another owner and is ignored",
                     {{"module", manifest.name}, {"code", code}, {"language", language}});
      }
    }
  }
}

// Before the contracts are compiled: a module's requirements on this kernel and on other modules.
void Plan::checkManifests() {
  for (auto& module : modules_.all()) {
    if (!module.mayStart()) continue;
    try {
      plugin::requireServedSdk(*module.manifest);
    } catch (const plugin::Refusal& refusal) {
      refuse(module, refusal.what());
    }
  }
  const auto order = plugin::planStart(manifests());
  for (const auto& refusal : order.refused) {
    for (auto& module : modules_.all()) {
      if (module.mayStart() && std::string_view(refusal.what()).starts_with(module.manifest->path + ":")) {
        refuse(module, refusal.what());
      }
    }
  }
}

void Plan::compileContracts(const contract::BucketOverrides& overrides) {
  documents_.push_back(contract::compile(contract::kernelContract(), overrides));
  // In the order of the claims, not of the start: a module that another one needs does not get its routes thereby.
  for (const auto* manifest : manifests()) {
    auto* module = startable(manifest->name);
    if (!module) continue;
    try {
      auto together = documents_;
      const auto sizes = sizeOptions(*manifest, config_);
      for (const auto& source : manifest->contracts) together.push_back(contract::compile(source, overrides, &sizes));
      const contract::RouteTable trial(together);
      documents_ = std::move(together);
      addMessages(*manifest);
    } catch (const std::runtime_error& error) {
      refuse(*module, plugin::Refusal(manifest->path, error.what()).what());
    }
  }
}

// An operation whose feature no module declares would refuse every caller, so its module is refused. That removes the
// module's features: repeat until nothing changes.
void Plan::withdrawUnknownFeatures() {
  for (bool settled = false; !settled;) {
    settled = true;
    features_.clear();
    std::vector<std::string> known;
    for (const auto* manifest : manifests()) {
      for (const auto& feature : manifest->features) {
        if (features_.emplace(feature.name, feature.tier).second) known.push_back(feature.name);
      }
    }
    for (const auto& document : documents_) {
      const auto lacking =
          std::find_if(document.operations.begin(), document.operations.end(), [&](const auto& operation) {
            return !operation->feature.empty() && !features_.contains(operation->feature);
          });
      if (lacking == document.operations.end()) continue;
      const contract::Operation operation = **lacking;  // a copy: its document is removed below
      const auto near = text::nearest(operation.feature, known);
      auto* module = startable(operation.module);
      const auto reason = operation.file + ":" + std::to_string(operation.line) + ": operation " + operation.id +
                          " needs feature " + operation.feature +
                          ", which no enabled module declares under features in its module.yaml; " +
                          (near.empty() ? "declare it" : "did you mean " + near + "?");
      std::erase_if(documents_, [&](const auto& other) { return other.module == operation.module; });
      if (module) refuse(*module, plugin::Refusal(module->file, reason).what());
      settled = false;
      break;
    }
  }
}

void Plan::checkOverrides(const contract::BucketOverrides& overrides) const {
  std::vector<std::string> known;
  const auto where = "limits.override (" + config_.origin("limits.override") + "): ";
  for (const auto& document : documents_) {
    for (const auto& bucket : document.buckets) {
      known.push_back(bucket->name);
      const auto fault = contract::faultOf(*bucket);
      if (!fault.empty()) throw StartError({where + bucket->name + ": " + fault});
    }
  }
  for (const auto& [name, numbers] : overrides.byName) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const auto near = text::nearest(name, known);
    throw StartError({where + "no contract of an enabled module declares the bucket " + name +
                      (near.empty() ? "; `mortise check-config --show` lists them" : "; did you mean " + near + "?")});
  }
}

void Plan::refuse(ModuleFile& module, std::string sentence) {
  module.refusal = sentence;
  log::error("module refused", {{"reason", sentence}});
  if (module.required)
    throw StartError({sentence, "module is listed in modules.required; the server does not start without it"});
  refusals_.push_back(std::move(sentence));
}

void Plan::withdraw(std::string_view module, std::string sentence) {
  auto* withdrawn = startable(module);
  if (withdrawn == nullptr) return;
  std::erase_if(documents_, [&](const auto& document) { return document.module == module; });
  refuse(*withdrawn, std::move(sentence));
}

std::vector<const plugin::Manifest*> Plan::manifests() const {
  std::vector<const plugin::Manifest*> manifests;
  for (const auto& module : modules_.all()) {
    if (module.mayStart()) manifests.push_back(module.manifest.get());
  }
  return manifests;
}

ModuleFile* Plan::startable(std::string_view name) {
  for (auto& module : modules_.all()) {
    if (module.mayStart() && module.manifest->name == name) return &module;
  }
  return nullptr;
}

std::vector<const ModuleFile*> Plan::startOrder() const {
  std::vector<const ModuleFile*> order;
  for (const auto* manifest : plugin::planStart(manifests()).order) {
    if (const auto* module = modules_.named(manifest->name); module != nullptr) order.push_back(module);
  }
  return order;
}

std::map<std::string, std::vector<std::string>> Plan::grants() const { return kernel::grants(manifests(), config_); }

std::string Plan::assetDirectory() const {
  for (const auto* beside : {"/share/docs", "/../share/mortise/docs"}) {
    std::error_code failure;
    const auto path = programDirectory_ + beside;
    if (fs::is_directory(path, failure)) return path;
  }
  return {};
}

std::vector<std::string> Plan::rateLimits() const {
  std::vector<std::string> lines;
  for (const auto& document : documents_) {
    for (const auto& bucket : document.buckets) {
      auto line = bucket->name + ": " + contract::numbersOf(*bucket);
      if (!bucket->declared.empty()) line += " (limits.override; the contract says " + bucket->declared + ")";
      // Documents of one module may share a bucket.
      if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(std::move(line));
    }
  }
  return lines;
}

}  // namespace mortise::kernel
