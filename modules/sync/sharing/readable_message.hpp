// Messages of a session as people read them: who spoke, and the texts, tool calls and results in order.
#pragma once

#include <mortise/json.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace session_sharing {

struct ReadableBlock {
  enum class Kind : std::uint8_t { text, toolCall, toolResult };
  Kind kind = Kind::text;
  std::string name;  // of the tool, in a call
  std::string text;  // of a call: its input, as JSON
};

struct ReadableMessage {
  std::string role;       // user, assistant, tool, system, ...
  std::string timestamp;  // as the archive has it; may be empty
  std::vector<ReadableBlock> blocks;
};

// Reads a line of messages.jsonl, which is changed. False: it is no message that people are shown (no JSON object, of a
// side chain, or without anything to read). What an agent thought to itself is left out. Texts are UTF-8 without NUL,
// at most `mostPerBlock` characters each. [any]
bool readForPeople(std::string& line, std::size_t mostPerBlock, ReadableMessage& into);

// What was said, without tool calls and results: its texts in order, a line each.
std::string textOf(const ReadableMessage& message);

// {role, timestamp, content: [{type, text, name?}]}; the types of the session format: text, tool_use, tool_result.
void mortiseAppendJson(std::string& out, const ReadableMessage& message);

}  // namespace session_sharing
