// The tools of the box `browser`: the browser of the session's sandbox.
#pragma once

#include "sandbox/sandbox.hpp"
#include "tools/tool_boxes.hpp"

namespace agent {

class BrowserBox final : public ToolBox {
 public:
  // The driver outlives this.
  explicit BrowserBox(sandbox::Driver& driver) : driver_(driver) {}

  std::string_view name() const override { return "browser"; }
  std::vector<mortise::models::Tool> tools() override;
  ToolResult call(std::string_view function, std::string_view arguments, const ToolContext& context) override;
  bool mayRepeat(std::string_view function) const override;

 private:
  sandbox::Driver& driver_;
};

// Makes none where the driver's boxes have no browser.
class BrowserBoxMaker final : public ToolBoxMaker {
 public:
  // The driver outlives this.
  explicit BrowserBoxMaker(sandbox::Driver& driver) : driver_(driver) {}
  std::unique_ptr<ToolBox> make(const TaskFacts& task) override;

 private:
  sandbox::Driver& driver_;
};

// What a browser opens for an address that a model wrote: without a scheme it is https, or http on this machine. Empty:
// it is of a kind that is not opened (only http, https, file, data and about:blank are).
std::string addressToOpen(std::string_view written);

}  // namespace agent
