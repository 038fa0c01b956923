// What the agent says to the user in the middle of a step. message_ask_user is seen to by the loop, which waits.
#pragma once

#include "tools/tool_boxes.hpp"

namespace agent {

inline constexpr std::string_view kAskUser = "message_ask_user";

class MessageBox final : public ToolBox {
 public:
  std::string_view name() const override { return "message"; }
  std::vector<mortise::models::Tool> tools() override;
  ToolResult call(std::string_view function, std::string_view arguments, const ToolContext& context) override;
  bool mayRepeat(std::string_view) const override { return true; }
};

class MessageBoxMaker final : public ToolBoxMaker {
 public:
  std::unique_ptr<ToolBox> make(const TaskFacts&) override { return std::make_unique<MessageBox>(); }
};

}  // namespace agent
