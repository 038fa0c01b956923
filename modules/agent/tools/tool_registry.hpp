// All tools of a task by the names of their functions.
#pragma once

#include <mortise/models.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tools/tool_boxes.hpp"

namespace agent {

class ToolRegistry {
 public:
  // Of two boxes that name a function alike the first one has it.
  explicit ToolRegistry(ToolBoxes boxes);

  const std::vector<mortise::models::Tool>& tools() const { return tools_; }
  // After a box has other functions than before.
  void refresh();

  struct Found {
    ToolBox* box = nullptr;  // null: unknown
    std::string function;    // its own name, where the model used another one
  };
  Found find(std::string_view name) const;
  // What of the model's arguments, `text`, the function declares, as text of a JSON object; `missing` gets the name of the first
  // one that is required and not there.
  std::string argumentsFor(std::string_view function, std::string_view text, std::string& missing) const;

 private:
  struct Entry {
    ToolBox* box;
    std::string parameters;
  };
  ToolBoxes boxes_;
  std::vector<mortise::models::Tool> tools_;
  std::map<std::string, Entry, std::less<>> byName_;
};

// The name in the table of tools for one that sibling projects use; else `name`.
std::string_view canonicalName(std::string_view name);
// {"success","message","data"}: what the model reads.
std::string resultText(const ToolResult& result);

}  // namespace agent
