// What a box of tools is: a set of functions that the model may call, with the events' name for it.
#pragma once

#include <mortise/models.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agent {

// What a tool gives back; the model reads it as {"success","message","data"}. A tool that fails returns success = false:
// it never throws for what a model, a user or a server of others did wrong.
struct ToolResult {
  bool success = true;
  std::string message{};      // empty: null
  std::string data = "null";  // text of one JSON value
  // What the event of the call shows (contract 3.6): text of one JSON object, or null.
  std::string content = "null";
};

inline ToolResult failure(std::string message) { return {.success = false, .message = std::move(message)}; }

// Who calls, and when to stop. Good for the call only.
struct ToolContext {
  std::string sessionId;
  std::string userId;
  std::string language = "en";  // of what people are told; as for mortise::isChinese()
  // Asked often by everything that waits; true: return within a second, the result is not used.
  std::function<bool()> stopped{};
  // Progress of a long call, as text for people. May be empty.
  std::function<void(std::string_view text)> progress{};
  // Asks the user a question in the middle of a call and waits for the answer: minutes, which count against no limit of
  // the call. Gives nothing when nobody answered in time, or the call has to end. Empty when nobody can be asked.
  std::function<std::optional<std::string>(std::string_view question)> ask{};
};

// One box for one run of a task. Calls come one after another from one thread.
class ToolBox {
 public:
  ToolBox() = default;
  ToolBox(const ToolBox&) = delete;
  ToolBox& operator=(const ToolBox&) = delete;
  virtual ~ToolBox() = default;

  // "file", "shell", "browser", "search", "message", "mcp", "a2a", "skill": what tool events say in `name`.
  virtual std::string_view name() const = 0;
  // The functions for the model, in a stable order.
  virtual std::vector<mortise::models::Tool> tools() = 0;
  // `function`: the name of one of tools(). `arguments`: text of a JSON object; parameters that the tool does not
  // declare were dropped, those required are there. [worker]
  virtual ToolResult call(std::string_view function, std::string_view arguments, const ToolContext& context) = 0;
  // Whether a call that may have been sent can be sent again: reads can, writes and calls of other people's servers
  // can't.
  virtual bool mayRepeat(std::string_view function) const = 0;
};

}  // namespace agent
