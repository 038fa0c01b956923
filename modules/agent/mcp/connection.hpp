// How an MCP server that administrators set up is reached.
#pragma once

#include <mortise/http_client.hpp>

#include <memory>
#include <string>

#include "configuration/mcp_server.hpp"
#include "mcp/child_process.hpp"
#include "mcp/client.hpp"
#include "mcp/known_forms.hpp"

namespace agent::mcp {

// `processes` and `forms` outlive what is made. `forms`: how servers spoke before; null: nobody knows.
std::unique_ptr<Connector> connectorTo(const McpServer& server, const mortise::HttpClient& http,
                                       ChildProcesses& processes, KnownForms* forms = nullptr);

}  // namespace agent::mcp
