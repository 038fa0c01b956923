// Which programs of MCP servers the operator lets run beside this server.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "mcp/child_process.hpp"

namespace agent::mcp {

class TrustedPrograms {
 public:
  // Each entry is a name, whatever its command, or pins one: "name=COMMAND ARGUMENT...", in words between blanks. Words
  // of the form $VARIABLE before the command name the variables that the server's entry may set; any other keeps the
  // program out, because variables change what programs run. Throws std::invalid_argument.
  explicit TrustedPrograms(const std::vector<std::string>& entries);

  bool trusts(const Program& program) const;

 private:
  struct Pinned {
    std::vector<std::string> words;
    std::set<std::string> variables;
  };
  std::map<std::string, std::optional<Pinned>> byServer_;  // empty: whatever its command
};

}  // namespace agent::mcp
