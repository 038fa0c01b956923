// Plans and acts: the state machine of a task. Each state is written before it begins, so that a session tells where its
// task was when its server died.
#pragma once

#include <mortise/host.hpp>
#include <mortise/log.hpp>
#include <mortise/metrics.hpp>

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "conversations/running_task.hpp"
#include "conversations/session_files.hpp"
#include "loop/agent_settings.hpp"
#include "loop/model_caller.hpp"
#include "sandbox/sandbox.hpp"
#include "tools/tool_boxes.hpp"

namespace agent {

// Runs any number of tasks, each on its own thread. [worker]
class TaskLoop {
 public:
  struct Parts {
    const AgentSettings& settings;
    const ModelDesk& desk;
    const SessionFiles& files;
    sandbox::Driver& driver;
    std::vector<ToolBoxMaker*> makers{};
    // How long a tool that asks the user in the middle of its call waits for the answer.
    std::chrono::milliseconds questionTimeout{std::chrono::minutes(30)};
  };
  // All parts must outlive this object.
  TaskLoop(mortise::Host host, Parts parts);

  void run(RunningTask& task);

 private:
  friend class TaskRun;
  void countCall(std::string_view box, bool success);

  mortise::Host host_;
  mortise::Log log_;
  Parts parts_;
  mortise::Counter repetitions_;
  mortise::Counter failedSteps_;
  std::mutex mutex_;
  std::map<std::pair<std::string, bool>, mortise::Counter> calls_;  // by box and success
};

}  // namespace agent
