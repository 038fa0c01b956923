#include "configuration/configuration_operations.hpp"

#include <mortise/json.hpp>
#include <mortise/white_space.hpp>

#include <utility>

namespace agent {
namespace {

namespace contract = agent_contract::configuration;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;
using mortise::Transaction;

constexpr std::int64_t kMaxServers = 100;  // of each kind

std::string trimmed(std::string_view text) { return std::string(mortise::withoutSpaceAround(text)); }

template <class T>
void take(const mortise::BodyMember<T>& from, T& into) {
  if (from.has()) into = *from;
}

TokenEstimator estimatorOf(std::string_view name) {
  for (const auto& one : mortiseNames(TokenEstimator()).list) {
    if (one.name == name) return one.value;
  }
  throw std::logic_error("the contract lets unknown estimators through");
}

// The stored configuration with what the body names, but for the key.
LlmConfig merged(LlmConfig config, const contract::LlmConfigChange& body) {
  if (body.baseUrl.has()) config.baseUrl = trimmed(*body.baseUrl);
  if (body.modelName.has()) config.modelName = trimmed(*body.modelName);
  if (config.modelName.empty())
    throw Problem(422, "validation_failed").field("body/model_name", "string_too_short", {{"min_length", "1"}});
  take(body.temperature, config.temperature);
  take(body.maxTokens, config.maxTokens);
  if (!body.contextWindow.absent()) config.contextWindow = body.contextWindow.optional();
  take(body.contextOverflowGuardEnabled, config.contextOverflowGuardEnabled);
  take(body.overflowRetryCap, config.overflowRetryCap);
  take(body.softTriggerRatio, config.softTriggerRatio);
  take(body.hardTriggerRatio, config.hardTriggerRatio);
  take(body.reservedOutputTokens, config.reservedOutputTokens);
  take(body.reservedOutputTokensCapRatio, config.reservedOutputTokensCapRatio);
  if (body.tokenEstimator.has()) config.tokenEstimator = estimatorOf(*body.tokenEstimator);
  take(body.tokenSafetyFactor, config.tokenSafetyFactor);
  take(body.unknownModelContextWindow, config.unknownModelContextWindow);
  if (config.hardTriggerRatio <= config.softTriggerRatio) {
    std::string soft;
    json::appendReal(soft, config.softTriggerRatio);
    throw Problem(422, "validation_failed").field("body/hard_trigger_ratio", "greater_than", {{"gt", soft}});
  }
  return config;
}

std::string mcpTarget(std::string_view name) { return "mcp_server:" + std::string(name); }
std::string a2aTarget(std::string_view id) { return "a2a_server:" + std::string(id); }

void requireRoom(std::int64_t count) {
  if (count > kMaxServers) throw Problem(422, "agent_servers_full").with("most", kMaxServers);
}

}  // namespace

ConfigurationOperations::ConfigurationOperations(mortise::Host host, ConfigurationStore store, ServerProbes& probes)
    : db_(host.db()),
      audit_(host.audit()),
      log_(host.log()),
      store_(std::move(store)),
      preferences_(db_),
      probes_(probes) {}

template <class Change>
auto ConfigurationOperations::changed(Change&& change) const {
  return db_.transaction([&](Transaction& tx) {
    const auto store = store_.in(tx);
    const auto version = store.beginChange();
    return change(tx, store, version);
  });
}

Reply ConfigurationOperations::readLlmConfig(const Request&) { return Reply::ok(json::from(store_.llm())); }

Reply ConfigurationOperations::setLlmConfig(const Request& request, const contract::LlmConfigChange& body) {
  const auto config = changed([&](Transaction& tx, const ConfigurationStore& store, std::int64_t) {
    const auto before = store.llm();
    store.put(merged(before, body), trimmed(body.apiKey.valueOr("")), request.principal().userId);
    auto now = store.llm();
    audit_.in(tx).record(request, "agent.model_changed", "model",
                         json::object({{"from", before.modelName},
                                       {"to", now.modelName},
                                       {"address_changed", before.baseUrl != now.baseUrl},
                                       {"key_changed", before.apiKey != now.apiKey}}));
    return now;
  });
  log_.info("the agent's model was set", {{"model", config.modelName}});
  return Reply::ok(json::from(config));
}

Reply ConfigurationOperations::readAgentConfig(const Request&) { return Reply::ok(json::from(store_.limits())); }

Reply ConfigurationOperations::setAgentConfig(const Request& request, const contract::AgentConfigChange& body) {
  const auto limits = changed([&](Transaction& tx, const ConfigurationStore& store, std::int64_t) {
    auto now = store.limits();
    take(body.maxIterations, now.maxIterations);
    take(body.maxRetries, now.maxRetries);
    take(body.maxSearchResults, now.maxSearchResults);
    store.put(now, request.principal().userId);
    audit_.in(tx).record(request, "agent.limits_changed", "limits", json::from(now));
    return now;
  });
  return Reply::ok(json::from(limits));
}

Reply ConfigurationOperations::listMcpServers(const Request&) {
  const auto servers = store_.mcpServers();
  const auto tools = probes_.toolsOf(servers);
  contract::ListMcpServersReply reply;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    contract::McpServerItem item;
    item.serverName = servers[i].name;
    item.enabled = servers[i].enabled;
    item.transport = mortise::detail::nameOf(servers[i].transport);
    item.tools = tools[i].names;
    if (!tools[i].error.empty()) item.error = tools[i].error;
    reply.mcpServers.push_back(std::move(item));
  }
  return Reply::ok(json::from(reply));
}

Reply ConfigurationOperations::addMcpServers(const Request& request, const contract::McpConfig&) {
  struct Wish {
    std::string name;
    std::string text;
    McpEntry entry;
  };
  std::vector<Wish> wishes;
  for (const auto& [name, value] : request.body()["mcpServers"].members()) {
    auto text = value.toText();  // with the members that the contract does not know
    auto entry = readMcpEntry(name, text);
    wishes.push_back({name.string(), std::move(text), std::move(entry)});
  }
  changed([&](Transaction& tx, const ConfigurationStore& store, std::int64_t version) {
    for (const auto& wish : wishes) {
      const bool added = store.put(wish.name, wish.entry, wish.text, version, request.principal().userId);
      audit_.in(tx).record(request, added ? "agent.mcp_server_added" : "agent.mcp_server_replaced",
                           mcpTarget(wish.name),
                           json::object({{"transport", mortise::detail::nameOf(wish.entry.transport)},
                                         {"enabled", wish.entry.enabled}}));
    }
    requireRoom(store.countMcpServers());
  });
  return Reply::status(200);
}

Reply ConfigurationOperations::deleteMcpServer(const Request& request) {
  const std::string name = request.path("server_name");
  changed([&](Transaction& tx, const ConfigurationStore& store, std::int64_t) {
    if (!store.removeMcpServer(name)) throw Problem(404, "agent_mcp_server_not_found");
    const auto forgotten = preferences_.in(tx).forgetTool(ToolKind::mcp, name);
    audit_.in(tx).record(request, "agent.mcp_server_deleted", mcpTarget(name),
                         json::object({{"preferences", forgotten}}));
  });
  return Reply::status(200);
}

Reply ConfigurationOperations::setMcpServerEnabled(const Request& request, const contract::Enabled& body) {
  const std::string name = request.path("server_name");
  changed([&](Transaction& tx, const ConfigurationStore& store, std::int64_t version) {
    if (!store.setMcpServerEnabled(name, body.enabled, version, request.principal().userId))
      throw Problem(404, "agent_mcp_server_not_found");
    audit_.in(tx).record(request, "agent.mcp_server_switched", mcpTarget(name),
                         json::object({{"enabled", body.enabled}}));
  });
  return Reply::status(200);
}

Reply ConfigurationOperations::listA2aServers(const Request&) {
  const auto servers = store_.a2aServers();
  auto cards = probes_.cardsOf(servers);
  contract::ListA2aServersReply reply;
  for (std::size_t i = 0; i < servers.size(); ++i) {
    contract::A2aServerItem item;
    item.id = servers[i].id;
    item.enabled = servers[i].enabled;
    if (auto& card = cards[i]) {
      item.name = std::move(card->name);
      item.description = std::move(card->description);
      item.inputModes = std::move(card->inputModes);
      item.outputModes = std::move(card->outputModes);
      item.streaming = card->streaming;
      item.pushNotifications = card->pushNotifications;
    } else {
      item.name = a2a::shortName(servers[i].baseUrl);
      item.description = a2a::shownAddress(servers[i].baseUrl);
    }
    reply.a2aServers.push_back(std::move(item));
  }
  return Reply::ok(json::from(reply));
}

Reply ConfigurationOperations::addA2aServer(const Request& request, const contract::AddA2aServerBody& body) {
  auto url = trimmed(body.baseUrl);
  while (url.ends_with('/')) url.pop_back();
  changed([&](Transaction& tx, const ConfigurationStore& store, std::int64_t version) {
    const auto server = store.addA2aServer(url, version, request.principal().userId);
    audit_.in(tx).record(request, "agent.a2a_server_added", a2aTarget(server.id),
                         json::object({{"address", a2a::shownAddress(url)}}));
    requireRoom(store.countA2aServers());
  });
  return Reply::status(200);
}

Reply ConfigurationOperations::deleteA2aServer(const Request& request) {
  const std::string id = request.path("a2a_id");
  changed([&](Transaction& tx, const ConfigurationStore& store, std::int64_t) {
    if (!store.removeA2aServer(id)) throw Problem(404, "agent_a2a_server_not_found");
    const auto forgotten = preferences_.in(tx).forgetTool(ToolKind::a2a, id);
    audit_.in(tx).record(request, "agent.a2a_server_deleted", a2aTarget(id),
                         json::object({{"preferences", forgotten}}));
  });
  return Reply::status(200);
}

Reply ConfigurationOperations::setA2aServerEnabled(const Request& request, const contract::Enabled& body) {
  const std::string id = request.path("a2a_id");
  changed([&](Transaction& tx, const ConfigurationStore& store, std::int64_t version) {
    if (!store.setA2aServerEnabled(id, body.enabled, version, request.principal().userId))
      throw Problem(404, "agent_a2a_server_not_found");
    audit_.in(tx).record(request, "agent.a2a_server_switched", a2aTarget(id),
                         json::object({{"enabled", body.enabled}}));
  });
  return Reply::status(200);
}

}  // namespace agent
