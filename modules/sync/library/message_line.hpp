// What one line of messages.jsonl is to people who read the session.
#pragma once

#include <string_view>

namespace session_sharing {

enum class MessageLine {
  none,    // no message: blank, no JSON in UTF-8, no object, or nested too deeply
  hidden,  // of a side chain, or without content and not of a tool
  shown,
};

// [any]
MessageLine messageLineOf(std::string_view line);

}  // namespace session_sharing
