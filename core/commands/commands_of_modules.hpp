// The commands of modules, as their manifests declare them: mortise MODULE COMMAND.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/commands/command.hpp"

namespace mortise::commands {

struct CommandsOfModules {
  std::vector<Command> commands;  // of modules that may start
  // Module that has commands, and may not start -> why.
  std::map<std::string, std::string> withheld;
  std::string fault;  // why the modules can't be read; empty: they were
};

// Reads the manifests of the modules that the configuration in `words` names; loads none of them. Throws UsageError for a
// setting without a value.
CommandsOfModules commandsOfModules(const Program& program, const std::vector<std::string>& words);

}  // namespace mortise::commands
