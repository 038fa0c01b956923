#include "core/commands/commands_of_modules.hpp"

#include <algorithm>
#include <iostream>
#include <memory>
#include <stdexcept>

#include "core/commands/data_owner.hpp"
#include "core/commands/stop_signals.hpp"
#include "core/config/values.hpp"
#include "core/kernel/module_set.hpp"
#include "core/kernel/option_values.hpp"
#include "core/ops/log.hpp"
#include "core/plugin/command_run.hpp"

namespace mortise::commands {
namespace {

using plugin::ArgumentDeclaration;
using plugin::CommandDeclaration;

constexpr int kBySignal = 128;  // as shells count

std::string upper(std::string word) {
  std::transform(word.begin(), word.end(), word.begin(), [](char c) {
    return c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  });
  return word;
}

std::string helpOf(const ArgumentDeclaration& argument) {
  auto text = argument.value.help;
  if (argument.value.type != config::Type::boolean &&
      (argument.value.type != config::Type::string || !argument.value.choices.empty()))
    text += " (" + config::ruleOf(argument.value) + ")";
  if (argument.hasDefault) text += "; default " + argument.value.fallback;
  return text;
}

Usage usageOf(const std::string& module, const CommandDeclaration& command) {
  Usage usage;
  usage.synopsis = "mortise " + module + " " + command.name;
  usage.text = command.help;
  for (const auto& argument : command.arguments) {
    const auto& key = argument.value.key;
    const auto name = upper(key);
    if (argument.positional) {
      usage.positional.push_back(argument.required ? name : "[" + name + "]");
      usage.synopsis += " " + usage.positional.back();
      usage.text += "\n" + name + ": " + helpOf(argument);
      continue;
    }
    const auto value = argument.value.type == config::Type::boolean ? std::string() : name;
    const auto shown = "--" + key + (value.empty() ? "" : " " + value);
    usage.synopsis += argument.required ? " " + shown : " [" + shown + "]";
    usage.flags.push_back({key, value, helpOf(argument)});
  }
  return usage;
}

// What the command line gives to each argument.
std::map<std::string, std::string> givenTo(const CommandDeclaration& command, const Arguments& arguments) {
  std::map<std::string, std::string> values;
  std::size_t words = 0;
  for (const auto& argument : command.arguments) {
    const auto& key = argument.value.key;
    if (!argument.positional) {
      if (arguments.has(key)) values.emplace(key, arguments.flag(key));
    } else if (words < arguments.words()) {
      values.emplace(key, arguments.word(words++));
    }
  }
  return values;
}

bool print(std::string_view text, bool isError) {
  auto& out = isError ? std::cerr : std::cout;
  out << text << std::flush;
  return out.good();
}

// `signals`: blocked in all threads.
int runCommand(kernel::Kernel& server, const std::string& module, const CommandDeclaration& command,
               const Arguments& arguments, const sigset_t& signals) {
  std::unique_ptr<plugin::CommandRun> run;
  try {
    run = std::make_unique<plugin::CommandRun>(command, givenTo(command, arguments), print);
  } catch (const std::runtime_error& error) {
    throw UsageError(error.what());
  }
  log::configure(log::Level::warning, log::Format::logfmt);
  std::cerr << "mortise: " << kernel::describeData(server.config()) << '\n';
  becomeOwner(server.config().text("data.dir"));
  const StopWatch watch(signals, [&] { run->stop(); });
  server.openStores(kernel::WithoutDatabase::refuse);
  int status = 1;
  try {
    status = server.runCommand(module, *run);
  } catch (...) {
    if (watch.received() == 0) throw;  // else it ended in the way that the signal asked for
  }
  return watch.received() == 0 ? status : kBySignal + watch.received();
}

}  // namespace

CommandsOfModules commandsOfModules(const Program& program, const std::vector<std::string>& words) {
  CommandsOfModules result;
  kernel::KernelOptions options;
  options.sources = settingsIn(words);
  options.programDirectory = program.directory;
  options.quiet = true;
  const auto signals = blockStopSignals();               // before the first thread, for the command
  log::configure(log::Level::off, log::Format::logfmt);  // what is ignored is said by check-config
  std::shared_ptr<kernel::Kernel> server;                // with what it has read of the modules the command will run
  try {
    server = std::make_shared<kernel::Kernel>(std::move(options));
  } catch (const kernel::StartError& error) {
    result.fault = error.what();
    return result;
  }
  for (const auto& module : server->modules().all()) {
    if (module.manifest == nullptr || module.manifest->commands.empty()) continue;
    const auto& name = module.manifest->name;
    if (!module.mayStart()) {
      result.withheld.emplace(name, module.whyNot());
      continue;
    }
    for (const auto& command : module.manifest->commands) {
      result.commands.push_back({name + " " + command.name, command.help, usageOf(name, command),
                                 [server, name, command, signals](const Program&, const Arguments& arguments) {
                                   return runCommand(*server, name, command, arguments, signals);
                                 }});
    }
  }
  return result;
}

}  // namespace mortise::commands
