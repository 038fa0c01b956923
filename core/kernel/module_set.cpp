#include "core/kernel/module_set.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <system_error>

#include "core/base/text.hpp"
#include "core/base/whole_file.hpp"

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

}  // namespace

ModuleSet ModuleSet::find(const std::vector<std::string>& directories, const std::vector<std::string>& files,
                          const std::vector<std::string>& enabled, const std::vector<std::string>& required,
                          const std::vector<std::string>& disabled) {
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
    // An unreadable file counts under its file name, so that modules.required applies to it.
    const auto name = module.manifest ? module.manifest->name : fs::path(paths[i]).stem().string();
    module.required = contains(required, name);
    module.enabled = i >= listed || module.required || (everything && !contains(disabled, name)) ||
                     (!everything && contains(enabled, name));
    if (module.manifest && !names.insert(name).second) {
      module.refusal = plugin::Refusal(paths[i], "expected a module name of its own, found " + name +
                                                     " which another file has; remove one of the two files")
                           .what();
    } else if (!module.manifest) {
      names.insert(name);
    }
    set.modules_.push_back(std::move(module));
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
      set.requiredModuleMissing_ = set.requiredModuleMissing_ || isRequired;
    }
  };
  report(required, "modules.required", true);
  report(enabled, "modules.enabled", false);
  return set;
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
