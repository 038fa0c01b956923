// Tools that write the same sessions under two names: people who filter by one mean both.
#pragma once

#include <string_view>

namespace session_sharing {

// "gemini" of gemini-cli, "copilot" of copilot-cli, else the tool itself. Borrows. [any]
constexpr std::string_view toolFamilyOf(std::string_view sourceTool) noexcept {
  if (sourceTool == "gemini-cli") return "gemini";
  if (sourceTool == "copilot-cli") return "copilot";
  return sourceTool;
}

}  // namespace session_sharing
