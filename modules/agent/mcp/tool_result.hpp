// What a call of an MCP tool gave back, as the agent's tools give it.
#pragma once

#include <string_view>

#include "tools/tool_box.hpp"

namespace agent::mcp {

// `result`: text of the JSON object of tools/call.
ToolResult toolResult(std::string_view result);

}  // namespace agent::mcp
