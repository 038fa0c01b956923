#include "core/commands/command.hpp"
#include "core/base/terminal_text.hpp"

#include <algorithm>
#include <iostream>

#include "core/base/problem.hpp"
#include "core/base/text.hpp"
#include "core/commands/commands_of_modules.hpp"

namespace mortise::commands {

namespace {

std::vector<Command> all() {
  std::vector<Command> commands;
  for (auto* group : {serveCommands, moduleCommands, databaseCommands, userCommands, auditCommands, configCommands,
                      doctorCommands, buildCommands}) {
    for (auto& command : group()) commands.push_back(std::move(command));
  }
  return commands;
}

void overview(const std::vector<Command>& commands, const CommandsOfModules& ofModules, std::ostream& out) {
  out << "mortise " MORTISE_VERSION
         " - a modular API server\n\nUsage: mortise COMMAND [ARGUMENTS] (each command has --help)\n\n";
  std::size_t width = 0;
  for (const auto* group : {&commands, &ofModules.commands}) {
    for (const auto& command : *group) width = std::max(width, command.name.size());
  }
  const auto list = [&](const std::vector<Command>& group) {
    for (const auto& command : group)
      out << "  " << command.name << std::string(width + 2 - command.name.size(), ' ') << command.summary << '\n';
  };
  list(commands);
  if (!ofModules.commands.empty()) out << "\nCommands of modules:\n\n";
  list(ofModules.commands);
  if (!ofModules.fault.empty())
    out << "\nModules may have further commands, but can't be read: " << ofModules.fault << '\n';
}

std::size_t countOfWords(const std::string& name) {
  return static_cast<std::size_t>(std::count(name.begin(), name.end(), ' ')) + 1;
}

const Command* find(const std::vector<Command>& commands, const std::vector<std::string>& words) {
  for (const auto& command : commands) {
    const auto count = countOfWords(command.name);
    if (words.size() < count) continue;
    std::string said = words[0];
    for (std::size_t i = 1; i < count; ++i) said += " " + words[i];
    if (said == command.name) return &command;
  }
  return nullptr;
}

int unknown(const std::vector<Command>& commands, const CommandsOfModules& ofModules,
            const std::vector<std::string>& words) {
  if (const auto withheld = ofModules.withheld.find(words[0]); withheld != ofModules.withheld.end()) {
    std::cerr << "mortise: " << withheld->second << '\n';
    return 1;
  }
  std::vector<std::string> names;
  bool isGroup = false;
  for (const auto& command : commands) {
    names.push_back(command.name);
    names.push_back(command.name.substr(0, command.name.find(' ')));  // "modul" means "module", whatever comes next
    if (!command.name.starts_with(words[0] + " ")) continue;
    isGroup = true;
    if (words.size() == 1 || words[1] == "--help" || words[1] == "-h")
      std::cout << "  " << command.usage.synopsis << "\n      " << command.summary << '\n';
  }
  if (isGroup && words.size() > 1 && (words[1] == "--help" || words[1] == "-h")) return 0;
  const auto said = isGroup && words.size() > 1 ? words[0] + " " + words[1] : words[0];
  const auto near = text::nearest(said, names);
  std::cerr << "mortise: "
            << (isGroup && words.size() == 1 ? "\"" + said + "\" needs a second word"
                                             : "unknown command \"" + said + "\"")
            << (near.empty() ? "" : "; did you mean \"" + near + "\"?") << " (see mortise --help)\n";
  if (!isGroup && !ofModules.fault.empty())
    std::cerr << "mortise: modules may have further commands, but can't be read: " << ofModules.fault << '\n';
  return 2;
}

}  // namespace

int run(const Program& program, const std::vector<std::string>& words) {
  auto commands = all();
  const bool overviewed = words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help";
  const auto said = !overviewed && words[0] == "--version" ? std::vector<std::string>{"version"} : words;
  std::string name = "mortise";
  try {
    const auto* command = overviewed ? nullptr : find(commands, said);
    if (command == nullptr) {
      auto ofModules = commandsOfModules(program, words);
      if (overviewed) {
        overview(commands, ofModules, words.empty() ? std::cerr : std::cout);
        return words.empty() ? 2 : 0;
      }
      commands.insert(commands.end(), ofModules.commands.begin(), ofModules.commands.end());
      command = find(commands, said);
      if (command == nullptr) return unknown(commands, ofModules, words);
    }
    name += " " + command->name;
    const auto skip = static_cast<std::ptrdiff_t>(words[0] == "--version" ? 1 : countOfWords(command->name));
    const Arguments arguments(command->usage, {words.begin() + skip, words.end()});
    if (arguments.help()) {
      std::cout << helpText(command->usage);
      return 0;
    }
    return command->run(program, arguments);
  } catch (const UsageError& error) {
    std::cerr << name << ": " << error.what() << '\n';
    return 2;
  } catch (const kernel::StartError& error) {
    for (const auto& line : error.lines()) std::cerr << "mortise: " << line << '\n';
    return 1;
  } catch (const Problem& problem) {
    std::cerr << name << ": " << problem.code << (problem.noteText.empty() ? "" : ": " + terminalText(problem.noteText))
              << '\n';
    return 1;
  } catch (const std::exception& error) {
    std::cerr << name << ": " << terminalText(error.what()) << '\n';
    return 1;
  }
}

std::unique_ptr<kernel::Kernel> prepare(const Program& program, const Arguments& arguments, bool quiet) {
  kernel::KernelOptions options;
  options.sources = arguments.sources();
  options.programDirectory = program.directory;
  options.quiet = quiet;
  return std::make_unique<kernel::Kernel>(std::move(options));
}

}  // namespace mortise::commands
