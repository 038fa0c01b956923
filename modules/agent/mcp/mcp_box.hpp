// The tools of MCP servers, as one box of the agent.
#pragma once

#include <mortise/http_client.hpp>
#include <mortise/log.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "configuration/mcp_server.hpp"
#include "mcp/child_process.hpp"
#include "mcp/client.hpp"
#include "mcp/tool_names.hpp"
#include "tools/tool_box.hpp"

namespace agent::mcp {

struct McpBoxOptions {
  std::string version;                     // of this server
  std::chrono::milliseconds start{10000};  // for all servers together
  std::chrono::milliseconds call{30000};   // without the time in which a user is asked
  std::chrono::milliseconds list{5000};    // for asking all servers again for their tools
  bool asksUser = false;                   // ToolContext::ask asks somebody
  KnownForms* forms = nullptr;             // outlives the box; null: each server is asked how it speaks
};

// Connects to the servers, 32 at once, when it is made; those that fail are left out, with a note. [worker]
class McpBox final : public ToolBox {
 public:
  // `servers`: those that are enabled for everybody and for the user. `processes` outlives it.
  McpBox(std::vector<McpServer> servers, const mortise::HttpClient& http, ChildProcesses& processes, mortise::Log log,
         McpBoxOptions options, const std::function<bool()>& stopped = {});
  ~McpBox() override;

  std::string_view name() const override { return "mcp"; }
  std::vector<mortise::models::Tool> tools() override;
  ToolResult call(std::string_view function, std::string_view arguments, const ToolContext& context) override;
  bool mayRepeat(std::string_view) const override { return false; }

  // "search: it did not answer in time", a line for each server that was left out.
  const std::vector<std::string>& notes() const noexcept { return notes_; }

 private:
  struct Server {
    McpServer settings;
    std::unique_ptr<Client> client{};
    std::vector<Tool> tools{};
    std::string note{};
    std::string words{};  // what its program said on stderr
  };
  struct Function {
    Server* server;
    Tool tool;
  };

  void tellWords(const Server& server, const std::string& words);
  void nameFunctions();

  const McpBoxOptions options_;
  mortise::Log log_;
  const std::function<bool()> stopped_;
  std::vector<std::unique_ptr<Server>> servers_;
  ToolNames names_;
  std::vector<mortise::models::Tool> offered_;
  std::map<std::string, Function, std::less<>> functions_;
  std::vector<std::string> notes_;
};

}  // namespace agent::mcp
