// /api/app-config: the model, the limits, and the MCP and A2A servers.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/log.hpp>
#include <mortise/module.hpp>

#include <string>
#include <string_view>

#include "agent_contract.hpp"
#include "configuration/configuration_store.hpp"
#include "configuration/server_probes.hpp"
#include "preferences/tool_preferences.hpp"

namespace agent {

class ConfigurationOperations final : public agent_contract::configuration::AppConfiguration {
 public:
  // `probes` outlives it.
  ConfigurationOperations(mortise::Host host, ConfigurationStore store, ServerProbes& probes);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply readLlmConfig(const Request& request) override;
  Reply setLlmConfig(const Request& request, const agent_contract::configuration::LlmConfigChange& body) override;
  Reply readAgentConfig(const Request& request) override;
  Reply setAgentConfig(const Request& request, const agent_contract::configuration::AgentConfigChange& body) override;
  Reply listMcpServers(const Request& request) override;
  Reply addMcpServers(const Request& request, const agent_contract::configuration::McpConfig& body) override;
  Reply deleteMcpServer(const Request& request) override;
  Reply setMcpServerEnabled(const Request& request, const agent_contract::configuration::Enabled& body) override;
  Reply listA2aServers(const Request& request) override;
  Reply addA2aServer(const Request& request, const agent_contract::configuration::AddA2aServerBody& body) override;
  Reply deleteA2aServer(const Request& request) override;
  Reply setA2aServerEnabled(const Request& request, const agent_contract::configuration::Enabled& body) override;

  // Runs `change(tx, store, version)` as one change of the configuration, of which every server hears.
  template <class Change>
  auto changed(Change&& change) const;

  mortise::Db db_;
  mortise::Audit audit_;
  mortise::Log log_;
  ConfigurationStore store_;
  ToolPreferences preferences_;
  ServerProbes& probes_;
};

}  // namespace agent
