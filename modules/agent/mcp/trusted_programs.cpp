#include "mcp/trusted_programs.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace agent::mcp {

TrustedPrograms::TrustedPrograms(const std::vector<std::string>& entries) {
  for (const auto& entry : entries) {
    const auto equals = entry.find('=');
    std::optional<Pinned> pinned;
    if (equals != std::string::npos) {
      pinned.emplace();
      std::istringstream words(entry.substr(equals + 1));
      for (std::string word; words >> word;) {
        if (pinned->words.empty() && word.starts_with('$')) {
          pinned->variables.insert(word.substr(1));
        } else {
          pinned->words.push_back(std::move(word));
        }
      }
    }
    const auto name =
        entry.substr(0, entry.find_last_not_of(' ', equals == std::string::npos ? equals : equals - 1) + 1);
    if (name.empty() || equals == 0 || (pinned && pinned->words.empty()) || !byServer_.emplace(name, pinned).second)
      throw std::invalid_argument("\"" + entry +
                                  "\" is no program; write a name, or NAME=COMMAND ARGUMENT..., each name once");
  }
}

bool TrustedPrograms::trusts(const Program& program) const {
  const auto entry = byServer_.find(program.server);
  if (entry == byServer_.end()) return false;
  const auto& pinned = entry->second;
  if (!pinned) return true;
  std::vector<std::string> words{program.command};
  words.insert(words.end(), program.args.begin(), program.args.end());
  return words == pinned->words && std::all_of(program.env.begin(), program.env.end(), [&](const auto& variable) {
           return pinned->variables.contains(variable.first);
         });
}

}  // namespace agent::mcp
