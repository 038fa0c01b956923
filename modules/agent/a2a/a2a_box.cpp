#include "a2a/a2a_box.hpp"

#include <mortise/json.hpp>

#include <algorithm>
#include <optional>
#include <utility>

#include "a2a/client.hpp"
#include "at_once.hpp"
#include "json_reading.hpp"

namespace agent::a2a {
namespace {

namespace json = mortise::json;
namespace models = mortise::models;

}  // namespace

A2aBox::A2aBox(const std::vector<A2aServer>& servers, const mortise::HttpClient& http, mortise::Log log,
               A2aBoxOptions options, const std::function<bool()>& stopped)
    : http_(http), options_(options) {
  const auto waiting = mcp::Waiting::atMost(options_.start, stopped);
  std::vector<std::optional<AgentCard>> cards(servers.size());
  std::vector<std::string> faults(servers.size());
  atOnce(servers.size(), [&](std::size_t i) {
    try {
      waiting.check();
      cards[i] = fetchCard(http, servers[i].baseUrl, waiting);
    } catch (const std::exception& failure) {
      faults[i] = failure.what();
    }
  });
  for (std::size_t i = 0; i < servers.size(); ++i) {
    if (cards[i]) {
      agents_.push_back({servers[i].id, servers[i].baseUrl, *std::move(cards[i])});
      continue;
    }
    notes_.push_back(shortName(servers[i].baseUrl) + ": " + faults[i]);
    log.warning("a task runs without a remote agent", {{"agent", servers[i].id}, {"reason", faults[i]}});
  }
}

std::vector<models::Tool> A2aBox::tools() {
  if (agents_.empty()) return {};
  return {
      {kCards, "Lists the remote agents that can be asked: their ids, names and what they do."},
      {kCall, "Asks a remote agent, and waits for its answer.",
       R"({"type":"object","properties":{"id":{"type":"string","description":"The agent's id, from get_remote_agent_cards."},)"
       R"("query":{"type":"string","description":"What the agent is to do, in words."}},"required":["id","query"]})"}};
}

ToolResult A2aBox::call(std::string_view function, std::string_view arguments, const ToolContext& context) {
  if (function == kCards) {
    ToolResult out;
    out.data = json::list(agents_, [](const Agent& one) {
                 return json::object({{"id", one.id},
                                      {"name", one.card.name},
                                      {"description", one.card.description},
                                      {"input_modes", json::list(one.card.inputModes)},
                                      {"output_modes", json::list(one.card.outputModes)},
                                      {"streaming", one.card.streaming},
                                      {"push_notifications", one.card.pushNotifications}});
               }).text();
    out.content = json::object({{"a2a_result", json::raw(out.data)}}).text();
    return out;
  }
  rapidjson::Document document;
  if (function != kCall || !models::parseJson(arguments, document)) return failure("There is no such tool");
  const auto id = models::textMember(document, "id");
  const auto agent = std::find_if(agents_.begin(), agents_.end(), [&](const Agent& one) { return one.id == id; });
  if (agent == agents_.end()) return failure("There is no remote agent with that id");
  return Client(http_, agent->card, agent->baseUrl)
      .ask(models::textMember(document, "query"), mcp::Waiting::atMost(options_.call, context.stopped),
           context.progress);
}

}  // namespace agent::a2a
