// How the boxes of tools come into a task: each kind has a maker, which module.cpp lists.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tools/tool_box.hpp"

namespace agent {

// What a task is, for the boxes that are made for it.
struct TaskFacts {
  std::string sessionId;
  std::string userId;               // of the session's owner; empty: its account was deleted
  bool hasBox = false;              // the session has one
  bool hasBrowser = false;          // boxes have one here
  std::function<bool()> stopped{};  // true: the task ends
  bool asksUser = false;            // calls get ToolContext::ask
};

// Makes one kind of box, or none where the task lacks what it needs. [worker], any number of threads.
class ToolBoxMaker {
 public:
  ToolBoxMaker() = default;
  ToolBoxMaker(const ToolBoxMaker&) = delete;
  ToolBoxMaker& operator=(const ToolBoxMaker&) = delete;
  virtual ~ToolBoxMaker() = default;

  // When a task starts. Never fails because of what users or other servers did: the task then runs without it.
  virtual std::unique_ptr<ToolBox> make(const TaskFacts& task) = 0;
};

using ToolBoxes = std::vector<std::unique_ptr<ToolBox>>;

}  // namespace agent
