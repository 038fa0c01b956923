// An MCP server as administrators set it up.
#pragma once

#include <mortise/entity.hpp>
#include <mortise/names.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agent {

enum class McpTransport { stdio, sse, streamableHttp };
constexpr auto mortiseNames(McpTransport) {
  return mortise::names<McpTransport>(
      {{McpTransport::stdio, "stdio"}, {McpTransport::sse, "sse"}, {McpTransport::streamableHttp, "streamable_http"}});
}

// What an entry of mcpServers says about reaching the server.
struct McpEntry {
  bool enabled = true;
  McpTransport transport = McpTransport::streamableHttp;
  std::string command{};
  std::vector<std::string> args{};
  std::vector<std::pair<std::string, std::string>> env{};
  std::string url{};
  std::vector<std::pair<std::string, std::string>> headers{};
};

// Reads the text of a JSON object of the contract's shape. `name`: the server's. Problem 422 with the field at fault: of
// the name, of the transport, of what the transport needs, or when the entry is longer than 48 KiB.
McpEntry readMcpEntry(std::string_view name, std::string_view entry);

struct McpServer {
  std::string name;
  std::int64_t position = 0;
  bool enabled = true;
  McpTransport transport = McpTransport::streamableHttp;
  std::string sealedEntry{};  // the JSON object as it was sent, with its unknown members
  std::int64_t version = 0;   // of the configuration, when this was changed last
  mortise::Time updatedAt{};
  std::string updatedBy{};  // user id

  // No columns.
  McpEntry entry{};
  bool readable = true;  // false: the entry was sealed with another master secret

  static constexpr auto kFields = mortise::fields(
      "agent_mcp_servers", mortise::field("name", &McpServer::name).key(),
      mortise::field("position", &McpServer::position).fixed(), mortise::field("enabled", &McpServer::enabled),
      mortise::field("transport", &McpServer::transport), mortise::field("sealed_entry", &McpServer::sealedEntry),
      mortise::field("version", &McpServer::version), mortise::field("updated_at", &McpServer::updatedAt),
      mortise::field("updated_by", &McpServer::updatedBy));
};

}  // namespace agent
