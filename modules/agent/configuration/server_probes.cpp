#include "configuration/server_probes.hpp"

#include <functional>
#include <memory>
#include <utility>

#include "mcp/client.hpp"
#include "mcp/connection.hpp"

namespace agent {
namespace {

// Every change of a server gives it another version, here and elsewhere.
template <class Server>
std::string keyOf(const std::vector<Server>& servers, std::string Server::*name) {
  std::string out;
  for (const auto& one : servers)
    out.append(one.*name).append(" ").append(std::to_string(one.version)).append(one.enabled ? "+;" : "-;");
  return out;
}

}  // namespace

std::vector<McpTools> ServerProbes::toolsOf(const std::vector<McpServer>& servers) {
  const auto ask = [this, servers](std::size_t index, const mcp::Waiting& waiting,
                                   const std::function<void(McpTools)>& tell) {
    const auto& server = servers[index];
    if (!server.enabled) return tell({});
    McpTools out;
    std::unique_ptr<mcp::Client> client;  // ends after its answer was told
    try {
      waiting.check();
      // As in sessions: some servers offer some of their tools only where the user can be asked.
      client = std::make_unique<mcp::Client>(mcp::connectorTo(server, http_, processes_, &forms_), version_,
                                             mcp::Questions::announced);
      client->open(waiting);
      for (auto& tool : client->tools(waiting)) out.names.push_back(std::move(tool.name));
    } catch (const mcp::Failure& failure) {
      // Everybody sees it: what the server says of the administrators' settings is not repeated.
      out.error = failure.cause() == mcp::Failure::Cause::refused
                      ? "it answered with error " + std::to_string(failure.code())
                      : failure.text();
    } catch (const std::exception&) {
      out.error = "it can't be asked";
    }
    tell(std::move(out));
  };
  return *tools_.get(keyOf(servers, &McpServer::name), servers.size(), ask, {{}, "it did not answer in time"});
}

std::vector<std::optional<a2a::AgentCard>> ServerProbes::cardsOf(const std::vector<A2aServer>& servers) {
  const auto ask = [this, servers](std::size_t index, const mcp::Waiting& waiting,
                                   const std::function<void(std::optional<a2a::AgentCard>)>& tell) {
    std::optional<a2a::AgentCard> out;
    try {
      waiting.check();
      if (servers[index].enabled) out = a2a::fetchCard(http_, servers[index].baseUrl, waiting);
    } catch (const std::exception&) {
      // Shown without a card.
    }
    tell(std::move(out));
  };
  return *cards_.get(keyOf(servers, &A2aServer::id), servers.size(), ask, std::nullopt);
}

void ServerProbes::stop() noexcept {
  tools_.stop();
  cards_.stop();
}

}  // namespace agent
