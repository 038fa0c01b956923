// What the model calls the tools of MCP servers.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace agent::mcp {

// mcp_<server>_<tool>, or <server>_<tool> when the server's name begins with mcp_; what models do not take becomes _; more
// than 64 characters are cut and end in a hash of the whole.
std::string functionName(std::string_view server, std::string_view tool);

// An exact map: no two tools get one name, whatever servers and tools are called.
class ToolNames {
 public:
  // The function's name for that tool.
  std::string add(std::string_view server, std::string_view tool);
  void clear() { taken_.clear(); }

 private:
  std::map<std::string, std::string, std::less<>> taken_;  // by function: server and tool
};

}  // namespace agent::mcp
