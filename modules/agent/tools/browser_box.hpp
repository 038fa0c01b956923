// The tools of the box `browser`: the browser of the session's sandbox.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "sandbox/sandbox.hpp"
#include "tools/tool_boxes.hpp"

namespace agent {

class BrowserBox final : public ToolBox {
 public:
  // `opened`: told of the session before its browser is used, which may be a new one; may be empty. The driver outlives
  // this.
  explicit BrowserBox(sandbox::Driver& driver, std::function<void(std::string_view sessionId)> opened = {})
      : driver_(driver), opened_(std::move(opened)) {}

  std::string_view name() const override { return "browser"; }
  std::vector<mortise::models::Tool> tools() override;
  ToolResult call(std::string_view function, std::string_view arguments, const ToolContext& context) override;
  bool mayRepeat(std::string_view function) const override;

 private:
  sandbox::Driver& driver_;
  std::function<void(std::string_view)> opened_;
};

// Makes none where the driver's boxes have no browser.
class BrowserBoxMaker final : public ToolBoxMaker {
 public:
  // As of BrowserBox.
  explicit BrowserBoxMaker(sandbox::Driver& driver, std::function<void(std::string_view sessionId)> opened = {})
      : driver_(driver), opened_(std::move(opened)) {}
  std::unique_ptr<ToolBox> make(const TaskFacts& task) override;

 private:
  sandbox::Driver& driver_;
  std::function<void(std::string_view)> opened_;
};

// What a browser opens for an address that a model wrote: without a scheme it is https, or http on this machine. Empty:
// it is of a kind that is not opened (only http, https, file, data and about:blank are).
std::string addressToOpen(std::string_view written);

}  // namespace agent
