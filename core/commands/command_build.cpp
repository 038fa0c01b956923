// embed: the command that a module's build calls.
#include <iostream>

#include "core/commands/command.hpp"
#include "sdk/embed/embed.hpp"

namespace mortise::commands {

namespace {

int embedCommand(const Program&, const Arguments& arguments) {
  const auto output = arguments.flag("output");
  if (output.empty()) throw UsageError("missing --output FILE");
  embed::embedModule(arguments.word(0), output);
  if (const auto header = arguments.flag("contract-header"); !header.empty())
    embed::writeContractCode(arguments.word(0), header);
  return 0;
}

}  // namespace

std::vector<Command> buildCommands() {
  return {
      {"embed",
       "Turn a module's YAML and SQL files into the C file of its manifest",
       {"mortise embed DIR --output FILE.c [--contract-header FILE.hpp]",
        "Reads module.yaml, contracts/, migrations/ and messages/ of DIR, checks them, and writes one C file to "
        "compile into the module; and, for C++, a header with the structs and handler classes of its contracts, and "
        "beside it (FILE.cpp) the source of their functions, to compile into the module as well.",
        {"DIR"},
        {{"output,o", "FILE", "The C file to write"},
         {"contract-header", "FILE", "The C++ header of the contracts to write, and FILE.cpp beside it"}},
        false},
       embedCommand}};
}

}  // namespace mortise::commands
