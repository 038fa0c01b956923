// module list | info | check | new | enable | disable
#include <algorithm>
#include <filesystem>
#include <iostream>

#include "core/commands/command.hpp"
#include "core/kernel/module_set.hpp"
#include "core/plugin/check.hpp"
#include "sdk/template/create_module.hpp"

namespace mortise::commands {

namespace {

namespace fs = std::filesystem;

std::string stateOf(const kernel::ModuleFile& module) {
  if (!module.refusal.empty()) return "refused";
  if (module.required) return "required";
  return module.enabled ? "enabled" : "disabled";
}

int list(const Program& program, const Arguments& arguments) {
  const auto server = prepare(program, arguments);
  std::size_t width = 4;
  for (const auto& module : server->modules().all()) {
    if (module.manifest) width = std::max(width, module.manifest->name.size());
  }
  for (const auto& module : server->modules().all()) {
    const auto name = module.manifest ? module.manifest->name : fs::path(module.file).stem().string();
    std::cout << name << std::string(width + 2 - std::min(width, name.size()), ' ') << stateOf(module)
              << std::string(10 - stateOf(module).size(), ' ') << (module.manifest ? module.manifest->version : "-")
              << "  " << (module.manifest ? module.manifest->summary : module.refusal) << "\n";
  }
  for (const auto& line : server->modules().missingModules()) std::cerr << "mortise: " << line << '\n';
  return 0;
}

// A bare name means the module's file in modules.path.
std::string fileFor(const Program& program, const Arguments& arguments) {
  const auto word = arguments.word(0);
  std::error_code failure;
  if (word.find('/') != std::string::npos || fs::is_regular_file(word, failure)) return word;
  const auto server = prepare(program, arguments);
  for (const auto& module : server->modules().all()) {
    if (module.manifest && module.manifest->name == word) return module.file;
  }
  throw UsageError("no file and no module is named \"" + word + "\"; mortise module list shows the modules there are");
}

int info(const Program& program, const Arguments& arguments) {
  std::cout << plugin::inspect(fileFor(program, arguments));
  return 0;
}

int check(const Program& program, const Arguments& arguments) {
  const auto file = fileFor(program, arguments);
  auto directory = (fs::temp_directory_path() / "mortise-check-XXXXXX").string();
  if (!::mkdtemp(directory.data())) throw std::runtime_error("can't make a temporary directory");
  const auto results = plugin::checkModule(file, directory);
  fs::remove_all(directory);
  bool passed = !results.empty();
  for (const auto& result : results) {
    std::cout << result.line() << '\n';
    passed = passed && result.passed;
  }
  std::cout << file << (passed ? ": every check passed\n" : ": not fit to be loaded\n");
  return passed ? 0 : 1;
}

int create(const Program&, const Arguments& arguments) {
  const auto directory = arguments.word(1).empty() ? arguments.word(0) : arguments.word(1);
  for (const auto& file : project::createModule(arguments.word(0), directory))
    std::cout << "wrote " << directory << '/' << file << '\n';
  std::cout << "next: cmake -S " << directory << " -B " << directory << "/build && cmake --build " << directory
            << "/build\n";
  return 0;
}

int setEnabled(const Program& program, const Arguments& arguments, bool enabled) {
  const auto name = arguments.word(0);
  const auto server = prepare(program, arguments);
  if (server->config().isSet("modules.enabled")) {
    std::cerr << "mortise: modules.enabled is set by " << server->config().origin("modules.enabled")
              << "; change it there\n";
    return 1;
  }
  const auto& modules = server->modules().all();
  if (std::none_of(modules.begin(), modules.end(),
                   [&](const auto& module) { return module.manifest && module.manifest->name == name; })) {
    throw UsageError("no module is named \"" + name + "\"; mortise module list shows the modules there are");
  }
  const auto directory = server->config().text("data.dir");
  fs::create_directories(directory);
  auto names = kernel::readDisabledModules(directory);
  std::erase(names, name);
  if (!enabled) names.push_back(name);
  kernel::writeDisabledModules(directory, names);
  std::cout << name << (enabled ? " is enabled" : " is disabled") << "; restart the server to let it count\n";
  return 0;
}

}  // namespace

std::vector<Command> moduleCommands() {
  const std::string list_ = "mortise module list [--config FILE]";
  return {
      {"module list",
       "Show the modules that were found and their state",
       {list_, "One line per module file in modules.path: name, state, version, summary.", {}, {}},
       list},
      {"module info",
       "Show what a module is and may touch, without running it",
       {"mortise module info NAME|FILE.so",
        "Reads the manifest from the file: interfaces, options, permissions, jobs, operations, tables.",
        {"NAME|FILE"},
        {}},
       info},
      {"module check",
       "Check a module file as the kernel would, each check in a process of its own",
       {"mortise module check NAME|FILE.so",
        "For authors: descriptor, manifest, symbols, interfaces, contracts, bindings, life cycle on a scratch "
        "database.",
        {"NAME|FILE"},
        {}},
       check},
      {"module new",
       "Write a new module that builds and passes its test",
       {"mortise module new NAME [DIR]",
        "Writes contract, migration, messages, code, test and CMakeLists.txt into DIR (default: NAME).",
        {"NAME", "[DIR]"},
        {},
        false},
       create},
      {"module enable",
       "Let a module run from the next start on",
       {"mortise module enable NAME", "Takes the name off <data.dir>/modules.disabled.", {"NAME"}, {}},
       [](const Program& program, const Arguments& arguments) { return setEnabled(program, arguments, true); }},
      {"module disable",
       "Keep a module from running from the next start on",
       {"mortise module disable NAME", "Puts the name on <data.dir>/modules.disabled.", {"NAME"}, {}},
       [](const Program& program, const Arguments& arguments) { return setEnabled(program, arguments, false); }},
  };
}

}  // namespace mortise::commands
