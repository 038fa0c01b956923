// Asks one A2A agent, of either generation: as a stream where it streams, else at once, and then until its task is over.
#pragma once

#include <mortise/http_client.hpp>

#include <functional>
#include <string>
#include <string_view>

#include "a2a/agent_card.hpp"
#include "mcp/waiting.hpp"
#include "tools/tool_box.hpp"

namespace agent::a2a {

class Client {
 public:
  // `baseUrl`: as it was set up; its user information goes to the same origin only, and so does what is asked at private
  // addresses.
  Client(const mortise::HttpClient& http, AgentCard card, std::string baseUrl);

  // The reply, as data: the whole JSON-RPC reply. A task that nobody waits for any more is cancelled.
  ToolResult ask(std::string_view query, const mcp::Waiting& waiting,
                 const std::function<void(std::string_view text)>& progress) const;

 private:
  const mortise::HttpClient http_;
  const AgentCard card_;
  const std::string baseUrl_;
};

}  // namespace agent::a2a
