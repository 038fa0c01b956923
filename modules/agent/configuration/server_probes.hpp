// What the MCP and A2A servers that administrators set up say of themselves, for lists of them.
#pragma once

#include <mortise/http_client.hpp>

#include <optional>
#include <string>
#include <vector>

#include "a2a/agent_card.hpp"
#include "configuration/a2a_server.hpp"
#include "configuration/mcp_server.hpp"
#include "configuration/probes.hpp"
#include "mcp/child_process.hpp"
#include "mcp/known_forms.hpp"

namespace agent {

struct McpTools {
  std::vector<std::string> names{};
  std::string error{};  // empty: none
};

// Nothing is asked of servers that are disabled. [worker]
class ServerProbes {
 public:
  // `processes` and `forms` outlive it. `version`: of this server.
  ServerProbes(const mortise::HttpClient& http, mcp::ChildProcesses& processes, mcp::KnownForms& forms,
               std::string version)
      : http_(http), processes_(processes), forms_(forms), version_(std::move(version)) {}

  // One for each server.
  std::vector<McpTools> toolsOf(const std::vector<McpServer>& servers);
  // The same; empty: there is no card.
  std::vector<std::optional<a2a::AgentCard>> cardsOf(const std::vector<A2aServer>& servers);
  // Ends the waiting of what is asked, now and later. [any]
  void stop() noexcept;

 private:
  const mortise::HttpClient http_;
  mcp::ChildProcesses& processes_;
  mcp::KnownForms& forms_;
  const std::string version_;
  Probes<McpTools> tools_;
  Probes<std::optional<a2a::AgentCard>> cards_;
};

}  // namespace agent
