// What the content of a message says, as every face reads it: a text, or a list of blocks.
#pragma once

#include <rapidjson/document.h>

#include <string>
#include <string_view>

namespace session_sharing {

// `content` itself where it is a text, else the texts of its blocks, whatever their types, a line each; those that are
// empty are left out. Empty for null and for what has no text. As the archive has it: see storable() of utf8.hpp. [any]
std::string contentText(const rapidjson::Value* content);

// The id of the tool call that a block or a message is about: tool_use_id, else id; empty without either. [any]
std::string_view toolCallId(const rapidjson::Value& object);

}  // namespace session_sharing
