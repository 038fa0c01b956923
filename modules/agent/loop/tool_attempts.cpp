#include "loop/tool_attempts.hpp"

#include <thread>

#include "conversations/running_task.hpp"

namespace agent {

ToolResult callTool(ToolBox& box, std::string_view function, std::string_view arguments, const ToolContext& context,
                    const ToolAttempts& attempts) {
  for (std::int64_t number = 1;; ++number) {
    try {
      auto result = box.call(function, arguments, context);
      attempts.check();
      return result;
    } catch (const TaskStopped&) {
      throw;
    } catch (const std::exception& error) {
      attempts.check();
      attempts.threw(error);
      if (number >= attempts.most || !box.mayRepeat(function)) return failure("The tool failed.");
    }
    std::this_thread::sleep_for(attempts.pause);
  }
}

}  // namespace agent
