// The tools of the box `file`: files of the session's sandbox.
#pragma once

#include "sandbox/sandbox.hpp"
#include "tools/tool_boxes.hpp"

namespace agent {

class ToolArguments;

class FileBox final : public ToolBox {
 public:
  // The driver outlives this.
  explicit FileBox(sandbox::Driver& driver) : driver_(driver) {}

  std::string_view name() const override { return "file"; }
  std::vector<mortise::models::Tool> tools() override;
  ToolResult call(std::string_view function, std::string_view arguments, const ToolContext& context) override;
  bool mayRepeat(std::string_view function) const override;

 private:
  sandbox::Driver& driver_;
};

class FileBoxMaker final : public ToolBoxMaker {
 public:
  // The driver outlives this.
  explicit FileBoxMaker(sandbox::Driver& driver) : driver_(driver) {}
  std::unique_ptr<ToolBox> make(const TaskFacts& task) override {
    return task.hasBox ? std::make_unique<FileBox>(driver_) : nullptr;
  }

 private:
  sandbox::Driver& driver_;
};

}  // namespace agent
