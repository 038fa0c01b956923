// How an MCP server that administrators set up is reached.
#pragma once

#include <mortise/http_client.hpp>

#include <memory>
#include <string>

#include "configuration/mcp_server.hpp"
#include "mcp/child_process.hpp"
#include "mcp/client.hpp"

namespace agent::mcp {

// `processes` outlives what is made.
std::unique_ptr<Connector> connectorTo(const McpServer& server, const mortise::HttpClient& http,
                                       ChildProcesses& processes);

}  // namespace agent::mcp
