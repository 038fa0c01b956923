// Commands that skills may not bring. A seat belt, not a sandbox. Plain C++; letter case never matters.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace skills {

// Checked when a skill is installed: the words "rm -rf", "shutdown", "reboot", "mkfs." and the fork bomb ":(){".
// Returns the pattern that matches.
std::optional<std::string_view> refusedAtInstall(std::string_view command);

// The operator's list, checked again before a command runs: plain substrings.
class CommandRules {
 public:
  explicit CommandRules(std::vector<std::string> blocked);
  // The entry that `command` contains, as the operator wrote it.
  std::optional<std::string_view> refusedAtRun(std::string_view command) const;

 private:
  std::vector<std::string> blocked_;
  std::vector<std::string> lowered_;
};

}  // namespace skills
