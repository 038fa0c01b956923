// The skills of a task: those that fit the user's message are shown to the model, and their tools can be called.
#pragma once

#include <mortise/host.hpp>
#include <mortise/log.hpp>
#include <mortise/skills_catalog.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/sandbox.hpp"
#include "tools/tool_boxes.hpp"

namespace agent {

class SkillBox final : public ToolBox {
 public:
  // What the loop does for it.
  struct Loop {
    // Calls a function of the box mcp or a2a.
    std::function<ToolResult(std::string_view function, std::string_view arguments, const ToolContext& context)> call{};
    // Whether the user agreed to one call of this function; asking takes the consent.
    std::function<bool(std::string_view function)> takeApproval{};
    // A call of this function needs the user's consent.
    std::function<void(std::string_view function)> refused{};
    // The session's box as it is now; empty: it can't be opened.
    std::function<std::shared_ptr<sandbox::Sandbox>()> box{};
  };

  // The pool is what the user has switched on now; it stays while the task lasts.
  SkillBox(mortise::SkillsCatalog catalog, mortise::Log log, const TaskFacts& task);

  // Once, before anything is called.
  void attach(Loop loop) { loop_ = std::move(loop); }
  // The skills that fit a message; brings the files of their native tools into the box.
  void select(std::string_view message, const std::function<bool()>& stopped);
  // Guides of the selected skills for the system prompt; empty: none.
  const std::string& guides() const { return guides_; }

  std::string_view name() const override { return "skill"; }
  std::vector<mortise::models::Tool> tools() override;
  ToolResult call(std::string_view function, std::string_view arguments, const ToolContext& context) override;
  bool mayRepeat(std::string_view) const override { return false; }

 private:
  ToolResult run(const mortise::CatalogTool& tool, std::string_view arguments, const ToolContext& context);
  ToolResult runNative(const mortise::CatalogTool& tool, std::string_view command, std::string_view directory,
                       std::string_view arguments, const ToolContext& context);
  // Empty: the skill's files are in the box as they are now; else what went wrong.
  std::string bring(const std::string& skillId, const std::function<bool()>& stopped);

  mortise::SkillsCatalog catalog_;
  mortise::Log log_;
  bool hasBox_;
  Loop loop_;
  std::vector<mortise::CatalogSkill> pool_;
  std::vector<mortise::CatalogTool> tools_;
  std::string guides_;
  std::map<std::string, std::string> brought_;  // version by skill
};

}  // namespace agent
