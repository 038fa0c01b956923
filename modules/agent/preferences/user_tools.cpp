#include "preferences/user_tools.hpp"

#include <utility>

namespace agent {

namespace contract = agent_contract::preferences;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;
using mortise::Transaction;

UserTools::UserTools(mortise::Host host, ConfigurationStore store, ServerProbes& probes)
    : db_(host.db()), store_(std::move(store)), preferences_(db_), probes_(probes) {}

Reply UserTools::listUserMcpTools(const Request& request) {
  const auto switches = preferences_.of(request.principal().userId, ToolKind::mcp);
  contract::ToolList reply;
  for (const auto& server : store_.mcpServers())
    reply.tools.push_back({server.name, server.name, std::nullopt, server.enabled, isOn(switches, server.name)});
  return Reply::ok(json::from(reply));
}

Reply UserTools::setUserMcpToolEnabled(const Request& request, const contract::ToolPreferenceBody& body) {
  const std::string name = request.path("server_name");
  db_.transaction([&](Transaction& tx) {
    if (!store_.in(tx).hasMcpServer(name)) throw Problem(404, "agent_mcp_server_not_found");
    preferences_.in(tx).set(request.principal().userId, ToolKind::mcp, name, body.enabled);
  });
  return Reply::status(200);
}

Reply UserTools::listUserA2aTools(const Request& request) {
  const auto switches = preferences_.of(request.principal().userId, ToolKind::a2a);
  const auto servers = store_.a2aServers();
  auto cards = probes_.cardsOf(servers);
  contract::ToolList reply;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const auto& server = servers[i];
    auto name = cards[i] ? std::move(cards[i]->name) : a2a::shortName(server.baseUrl);
    auto description = cards[i] ? std::move(cards[i]->description) : a2a::shownAddress(server.baseUrl);
    reply.tools.push_back(
        {server.id, std::move(name), std::move(description), server.enabled, isOn(switches, server.id)});
  }
  return Reply::ok(json::from(reply));
}

Reply UserTools::setUserA2aToolEnabled(const Request& request, const contract::ToolPreferenceBody& body) {
  const std::string id = request.path("a2a_id");
  db_.transaction([&](Transaction& tx) {
    if (!store_.in(tx).hasA2aServer(id)) throw Problem(404, "agent_a2a_server_not_found");
    preferences_.in(tx).set(request.principal().userId, ToolKind::a2a, id, body.enabled);
  });
  return Reply::status(200);
}

}  // namespace agent
