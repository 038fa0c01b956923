// Calls a tool, and again where it threw and its box lets calls be repeated.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <string_view>

#include "tools/tool_box.hpp"

namespace agent {

struct ToolAttempts {
  std::int64_t most = 3;
  std::function<void()> check;                       // throws TaskStopped when the task is to end; asked after each
  std::function<void(const std::exception&)> threw;  // told why one failed
  std::chrono::milliseconds pause{1000};             // between two
};

// What a tool that threw each time gives is a failure that the model may read. Lets TaskStopped through. [worker]
ToolResult callTool(ToolBox& box, std::string_view function, std::string_view arguments, const ToolContext& context,
                    const ToolAttempts& attempts);

}  // namespace agent
