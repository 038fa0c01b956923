// Every command of the program: its usage and the function that runs it. Each command_*.cpp holds one group.
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "core/commands/arguments.hpp"
#include "core/kernel/kernel.hpp"

namespace mortise::commands {

struct Program {
  std::string directory;  // directory of the binary
};

struct Command {
  std::string name;     // "serve", "module list"
  std::string summary;  // one line for `mortise help`
  Usage usage;
  // Returns the exit status. StartError and UsageError are shown by the caller.
  std::function<int(const Program&, const Arguments&)> run;
};

// One function per group; all() joins them in the order of the help text. Those of
// modules: commands_of_modules.hpp.
std::vector<Command> serveCommands();
std::vector<Command> moduleCommands();
std::vector<Command> databaseCommands();  // migrate, backup, restore
std::vector<Command> configCommands();    // check-config, openapi, version
std::vector<Command> userCommands();
std::vector<Command> auditCommands();
std::vector<Command> doctorCommands();
std::vector<Command> buildCommands();  // embed

// Parses `words` (without the program's name) and runs the command. Exit status: 0 success, 1 refused or failed (reason
// on stderr), 2 wrong usage.
int run(const Program& program, const std::vector<std::string>& words);

// A kernel for a command that only reads or changes stores; it does not log to the terminal.
std::unique_ptr<kernel::Kernel> prepare(const Program& program, const Arguments& arguments, bool quiet = true);

}  // namespace mortise::commands
