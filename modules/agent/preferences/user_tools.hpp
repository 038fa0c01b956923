// /api/user/tools: which MCP and A2A servers the caller switched off.
#pragma once

#include <mortise/db.hpp>
#include <mortise/module.hpp>

#include "agent_contract.hpp"
#include "configuration/configuration_store.hpp"
#include "configuration/server_probes.hpp"
#include "preferences/tool_preferences.hpp"

namespace agent {

class UserTools final : public agent_contract::preferences::UserTools {
 public:
  // `probes` outlives it.
  UserTools(mortise::Host host, ConfigurationStore store, ServerProbes& probes);

 private:
  using Reply = mortise::Reply;
  using Request = mortise::Request;

  Reply listUserMcpTools(const Request& request) override;
  Reply setUserMcpToolEnabled(const Request& request,
                              const agent_contract::preferences::ToolPreferenceBody& body) override;
  Reply listUserA2aTools(const Request& request) override;
  Reply setUserA2aToolEnabled(const Request& request,
                              const agent_contract::preferences::ToolPreferenceBody& body) override;

  mortise::Db db_;
  ConfigurationStore store_;
  ToolPreferences preferences_;
  ServerProbes& probes_;
};

}  // namespace agent
