// The tools of the box `shell`: commands in the session's sandbox.
#pragma once

#include "sandbox/sandbox.hpp"
#include "tools/tool_boxes.hpp"

namespace agent {

class ShellBox final : public ToolBox {
 public:
  // The driver outlives this.
  explicit ShellBox(sandbox::Driver& driver) : driver_(driver) {}

  std::string_view name() const override { return "shell"; }
  std::vector<mortise::models::Tool> tools() override;
  ToolResult call(std::string_view function, std::string_view arguments, const ToolContext& context) override;
  bool mayRepeat(std::string_view function) const override;

 private:
  sandbox::Driver& driver_;
};

class ShellBoxMaker final : public ToolBoxMaker {
 public:
  // The driver outlives this.
  explicit ShellBoxMaker(sandbox::Driver& driver) : driver_(driver) {}
  std::unique_ptr<ToolBox> make(const TaskFacts& task) override {
    return task.hasBox ? std::make_unique<ShellBox>(driver_) : nullptr;
  }

 private:
  sandbox::Driver& driver_;
};

}  // namespace agent
