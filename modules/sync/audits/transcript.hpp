// The messages of a session as an audit reads them: what was said, which tools ran, and what they answered.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archives/member_lines.hpp"

namespace session_sharing {

struct ToolUse {
  std::string id;
  std::string name;
  std::string target;  // a command or a path, where the input has one; else the input
};

struct ToolOutcome {
  std::string id;  // of its ToolUse; may be empty
  std::string text;
  bool isError = false;
  std::optional<std::int64_t> exitCode;
};

struct TranscriptMessage {
  std::int64_t index = 0;  // number of its line, from 0
  std::string role;
  std::string text;
  std::vector<ToolUse> uses;
  std::vector<ToolOutcome> outcomes;
};

// Empty for a line that is no message: broken, no object, of a sidechain, or without content. Texts are UTF-8 and cut:
// the message's to 20,000 characters, those of tools to 2,000; of tools at most 50 count. The line is changed. [any]
std::optional<TranscriptMessage> readMessage(MemberLine& line);

}  // namespace session_sharing
