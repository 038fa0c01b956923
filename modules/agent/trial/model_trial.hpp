// mortise agent try: one prompt for the model that is set up, as a task would ask it.
#pragma once

#include <mortise/command.hpp>
#include <mortise/host.hpp>

#include <vector>

#include "conversations/conversations.hpp"
#include "conversations/session_files.hpp"
#include "loop/agent_settings.hpp"
#include "sandbox/sandbox.hpp"
#include "tools/tool_boxes.hpp"

namespace agent {

class ModelTrial {
 public:
  struct Parts {
    const AgentSettings& settings;
    Conversations& conversations;
    const SessionFiles& files;
    sandbox::Driver& driver;  // without boxes: the module is not started
    std::vector<ToolBoxMaker*> makers{};
  };
  // All parts must outlive this object.
  ModelTrial(mortise::Host host, Parts parts);

  // The arguments prompt and timeout. Returns the exit status: 1 when the model failed, or none is set up.
  int run(mortise::Command& command) const;

 private:
  mortise::Host host_;
  Parts parts_;
};

}  // namespace agent
