// Servers of MCP as administrators set them up.
#pragma once

#include <string>

#include "configuration/mcp_server.hpp"

namespace agent::testing_peers {

// `entry`: as it stands in the list of servers, JSON.
inline McpServer serverOf(const std::string& name, const std::string& entry) {
  McpServer server;
  server.name = name;
  server.entry = readMcpEntry(name, entry);
  server.transport = server.entry.transport;
  return server;
}

}  // namespace agent::testing_peers
