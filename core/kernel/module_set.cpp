#include "core/kernel/module_set.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <system_error>
#include <utility>

#include "core/base/text.hpp"
#include "core/base/whole_file.hpp"
#include "core/plugin/shipped_modules.hpp"

namespace mortise::kernel {

namespace {

namespace fs = std::filesystem;

bool contains(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

ModuleFile read(const std::string& file) {
  ModuleFile module;
  module.file = file;
  try {
    module.manifest = std::make_shared<const plugin::Manifest>(plugin::Manifest::readFromFile(file));
  } catch (const plugin::Refusal& refusal) {
    module.refusal = refusal.what();
  }
  return module;
}

// A file of one of these names in another directory may be any module's, and so may a file of another name in the
// installation's directory.
bool ships(const ModuleFile& module, const std::string& installation) {
  std::error_code failure;
  const auto shipped = plugin::shippedModules();
  return !installation.empty() && std::find(shipped.begin(), shipped.end(), module.name()) != shipped.end() &&
         fs::equivalent(fs::path(module.file).parent_path(), installation, failure);
}

// The first of two that claim the same gets it.
void order(std::vector<ModuleFile>& modules, const std::vector<std::string>& enabled, const std::string& installation) {
  std::vector<std::pair<std::ptrdiff_t, ModuleFile>> ranked;
  for (auto& module : modules) {
    const auto place = std::find(enabled.begin(), enabled.end(), module.name()) - enabled.begin();
    const auto rank = ships(module, installation) ? -1 : place;
    ranked.emplace_back(rank, std::move(module));
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& one, const auto& other) { return one.first < other.first; });
  std::transform(ranked.begin(), ranked.end(), modules.begin(), [](auto& each) { return std::move(each.second); });
}

}  // namespace

std::string ModuleFile::name() const { return manifest ? manifest->name : fs::path(file).stem().string(); }

ModuleSet ModuleSet::find(const std::vector<std::string>& directories, const std::vector<std::string>& files,
                          const std::vector<std::string>& enabled, const std::vector<std::string>& required,
                          const std::vector<std::string>& disabled, const std::string& installation) {
  ModuleSet set;
  std::vector<std::string> paths;
  for (const auto& directory : directories) {
    std::error_code failure;
    std::vector<std::string> here;
    if (fs::is_regular_file(directory, failure)) here.push_back(directory);
    for (fs::directory_iterator entry(directory, failure), end; !failure && entry != end; entry.increment(failure)) {
      if (entry->path().extension() == ".so") here.push_back(entry->path().string());
    }
    std::sort(here.begin(), here.end());
    paths.insert(paths.end(), here.begin(), here.end());
  }
  const auto listed = paths.size();
  paths.insert(paths.end(), files.begin(), files.end());

  std::set<std::string, std::less<>> names;
  const bool everything = contains(enabled, "*") || enabled.empty();
  for (std::size_t i = 0; i < paths.size(); ++i) {
    auto module = read(paths[i]);
    const auto name = module.name();
    module.required = contains(required, name);
    module.enabled = i >= listed || module.required || (everything && !contains(disabled, name)) ||
                     (!everything && contains(enabled, name));
    set.modules_.push_back(std::move(module));
  }
  order(set.modules_, enabled, installation);
  for (auto& module : set.modules_) {
    const auto isNew = names.insert(module.name()).second;
    if (isNew || !module.manifest) continue;
    const auto first = std::find_if(set.modules_.begin(), set.modules_.end(),
                                    [&](const auto& other) { return other.name() == module.name(); });
    module.refusal =
        plugin::Refusal(module.file, "expected a module name of its own, found " + module.name() +
                                         " which another file has (" + first->file + "); remove one of the two files")
            .what();
  }
  const auto report = [&](const std::vector<std::string>& requested, const char* option, bool isRequired) {
    for (const auto& name : requested) {
      if (name == "*" || names.contains(name)) continue;
      std::string where;
      for (const auto& directory : directories) where += (where.empty() ? "" : ", ") + directory;
      std::vector<std::string> known(names.begin(), names.end());
      const auto near = text::nearest(name, known);
      set.missingModules_.push_back(
          "module " + name + " (" + option + ") was not found in " + (where.empty() ? "any directory" : where) +
          (near.empty() ? "; put its file there or remove the name" : "; did you mean " + near + "?"));
      set.missingNames_.push_back(name);
      set.requiredModuleMissing_ = set.requiredModuleMissing_ || isRequired;
    }
  };
  report(required, "modules.required", true);
  report(enabled, "modules.enabled", false);
  return set;
}

std::string ModuleFile::whyNot() const {
  if (!refusal.empty()) return refusal;
  return enabled ? std::string() : "the module " + name() + " is disabled; mortise module enable " + name();
}

const ModuleFile* ModuleSet::named(std::string_view name) const {
  for (const auto& module : modules_) {
    if (module.manifest && module.manifest->name == name && module.refusal.empty()) return &module;
  }
  return nullptr;
}

std::vector<std::string> readDisabledModules(const std::string& dataDirectory) {
  std::vector<std::string> names;
  std::ifstream file(dataDirectory + "/modules.disabled");
  for (std::string line; std::getline(file, line);) {
    const auto name = text::trim(line);
    if (!name.empty()) names.emplace_back(name);
  }
  return names;
}

void writeDisabledModules(const std::string& dataDirectory, const std::vector<std::string>& names) {
  std::string content;
  for (const auto& name : names) content += name + "\n";
  writeWholeFile(dataDirectory + "/modules.disabled", content);
}

}  // namespace mortise::kernel
