#include "tools/sandbox_problem.hpp"

#include <algorithm>
#include <utility>

namespace agent {

std::string wordsFor(const mortise::Problem& problem) {
  const auto value = [&](const char* name) {
    const auto& params = problem.params();
    const auto entry =
        std::find_if(params.begin(), params.end(), [&](const auto& param) { return param.first == name; });
    return entry == params.end() ? std::string() : entry->second;
  };
  const auto& code = problem.code();
  if (code == "file_missing") return "There is no " + value("path");
  if (code == "file_denied") return "Access to " + value("path") + " is denied";
  if (code == "file_unreadable") return value("path") + " is a directory, or no text file";
  if (code == "shell_missing") return "There is no shell session " + value("shell") + "; begin one with shell_execute";
  if (code == "sandbox_argument") return "Not possible: " + value("reason");
  if (code == "sandbox_full") return "The sandbox has no room left; remove some files";
  if (code == "sandbox_busy") return "The sandbox is busy; try again in a few seconds";
  if (code == "sandbox_unavailable") return "The sandbox is not available: " + value("reason");
  if (code == "browser_refused") return "Not possible: " + value("reason");
  if (code == "browser_unavailable") return "The browser is not available: " + value("reason");
  return "The sandbox failed: " + code;
}

}  // namespace agent
