// Everything that reaches the MCP and A2A servers of administrators: made once, and used by the faces and by tasks.
#pragma once

#include <mortise/config.hpp>
#include <mortise/health.hpp>
#include <mortise/host.hpp>
#include <mortise/http_client.hpp>
#include <mortise/log.hpp>
#include <mortise/metrics.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "a2a/a2a_box.hpp"
#include "configuration/configuration_store.hpp"
#include "configuration/server_probes.hpp"
#include "mcp/boxed_programs.hpp"
#include "mcp/child_process.hpp"
#include "mcp/known_forms.hpp"
#include "mcp/mcp_box.hpp"
#include "mcp/mcp_processes.hpp"
#include "preferences/tool_preferences.hpp"
#include "tools/tool_boxes.hpp"

namespace agent {

class ToolServers {
 public:
  // `boxes`: for the programs of MCP servers. They outlive this.
  ToolServers(const mortise::Host& host, sandbox::Driver& boxes);
  void start();  // [start]
  void stop();

  const ConfigurationStore& configuration() const noexcept { return store_; }
  ServerProbes& probes() noexcept { return probes_; }

  // Make the boxes of a task: of the servers that are on for everybody and for its user. MCP servers have ten seconds to
  // start, remote agents eight to show their cards.
  ToolBoxMaker& mcpBoxes() noexcept { return mcpBoxes_; }
  ToolBoxMaker& a2aBoxes() noexcept { return a2aBoxes_; }

  // Drops what the user set for tools; returns how many there were. Throws db::Error. [worker]
  std::int64_t forgetUser(std::string_view userId) const { return preferences_.forgetUser(userId); }

 private:
  class McpBoxes final : public ToolBoxMaker {
   public:
    explicit McpBoxes(ToolServers& servers) : servers_(servers) {}
    std::unique_ptr<ToolBox> make(const TaskFacts& task) override;

   private:
    ToolServers& servers_;
  };
  class A2aBoxes final : public ToolBoxMaker {
   public:
    explicit A2aBoxes(ToolServers& servers) : servers_(servers) {}
    std::unique_ptr<ToolBox> make(const TaskFacts& task) override;

   private:
    ToolServers& servers_;
  };

  mortise::Log log_;
  mortise::HttpClient http_;
  mortise::Health health_;
  mortise::Gauge children_;
  const std::string version_;
  ConfigurationStore store_;
  ToolPreferences preferences_;
  mcp::LivingChildren living_;
  mcp::PlainChildProcesses plain_;
  mcp::BoxedPrograms boxed_;
  mcp::McpProcesses processes_;
  mcp::KnownForms forms_;
  ServerProbes probes_;
  McpBoxes mcpBoxes_{*this};
  A2aBoxes a2aBoxes_{*this};
};

}  // namespace agent
