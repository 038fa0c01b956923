#include "configuration/tool_servers.hpp"

#include <stdexcept>
#include <utility>
#include <vector>

namespace agent {
namespace {

// Those that are on for everybody and for the user.
template <class Server>
std::vector<Server> usable(std::vector<Server> servers, const ToolSwitches& switches, std::string Server::*id) {
  std::erase_if(servers, [&](const Server& one) { return !one.enabled || !isOn(switches, one.*id); });
  return servers;
}

mcp::TrustedPrograms trustedOf(const mortise::Config& config) {
  try {
    return mcp::TrustedPrograms(config.list("mcp_trusted"));
  } catch (const std::invalid_argument& error) {
    throw std::runtime_error("agent.mcp_trusted: " + std::string(error.what()));
  }
}

}  // namespace

ToolServers::ToolServers(const mortise::Host& host, sandbox::Driver& boxes)
    : log_(host.log()),
      http_(host.httpClient()),
      health_(host.health()),
      children_(host.metrics().gauge("mcp_children", "Programs of MCP servers that run now")),
      version_(host.config().server("server.version").value_or("0")),
      store_(host),
      preferences_(host.db()),
      living_(static_cast<std::size_t>(host.config().integer("mcp_children")),
              [this](std::int64_t count) { children_.set(count); }),
      plain_(living_),
      boxed_(boxes, living_),
      processes_(trustedOf(host.config()), plain_, boxed_),
      probes_(http_, processes_, forms_, version_) {}

void ToolServers::start() {
  health_.add("mcp_children", false, std::chrono::seconds(1),
              [this](std::chrono::milliseconds) { return living_.description(); });
}

void ToolServers::stop() { probes_.stop(); }

std::unique_ptr<ToolBox> ToolServers::McpBoxes::make(const TaskFacts& task) {
  auto servers =
      usable(servers_.store_.mcpServers(), servers_.preferences_.of(task.userId, ToolKind::mcp), &McpServer::name);
  if (servers.empty()) return nullptr;
  return std::make_unique<mcp::McpBox>(
      std::move(servers), servers_.http_, servers_.processes_, servers_.log_,
      mcp::McpBoxOptions{.version = servers_.version_, .asksUser = task.asksUser, .forms = &servers_.forms_},
      task.stopped);
}

std::unique_ptr<ToolBox> ToolServers::A2aBoxes::make(const TaskFacts& task) {
  const auto servers =
      usable(servers_.store_.a2aServers(), servers_.preferences_.of(task.userId, ToolKind::a2a), &A2aServer::id);
  if (servers.empty()) return nullptr;
  return std::make_unique<a2a::A2aBox>(servers, servers_.http_, servers_.log_, a2a::A2aBoxOptions{}, task.stopped);
}

}  // namespace agent
