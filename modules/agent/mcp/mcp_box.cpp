#include "mcp/mcp_box.hpp"

#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "at_once.hpp"
#include "json_reading.hpp"
#include "mcp/connection.hpp"
#include "mcp/tool_result.hpp"

namespace agent::mcp {
namespace {

constexpr std::size_t kMaxDescription = 4000;
constexpr int kMaxQuestions = 100;  // of one call

// Asks the user for one call, until nobody answers or kMaxQuestions were asked: a server could ask without end.
Asking askingFor(const ToolContext& context, const std::string& server) {
  Asking out{.server = server, .language = context.language};
  if (!context.ask) return out;
  out.ask = [left = kMaxQuestions, &context](std::string_view question) mutable -> std::optional<std::string> {
    if (left <= 0) return std::nullopt;
    --left;
    auto answer = context.ask(question);
    if (!answer) left = 0;
    return answer;
  };
  return out;
}

}  // namespace

McpBox::McpBox(std::vector<McpServer> servers, const mortise::HttpClient& http, ChildProcesses& processes,
               mortise::Log log, McpBoxOptions options, const std::function<bool()>& stopped)
    : options_(std::move(options)), log_(log), stopped_(stopped) {
  for (auto& server : servers) servers_.push_back(std::make_unique<Server>(Server{std::move(server)}));
  const auto waiting = Waiting::atMost(options_.start, stopped);
  atOnce(servers_.size(), [&](std::size_t i) {
    auto& server = *servers_[i];
    std::unique_ptr<Client> client;
    try {
      waiting.check();
      client = std::make_unique<Client>(connectorTo(server.settings, http, processes, options_.forms), options_.version,
                                        options_.asksUser ? Questions::heard : Questions::none);
      client->open(waiting);
      server.tools = client->tools(waiting);
      server.client = std::move(client);
    } catch (const std::exception& failure) {
      server.note = failure.what();
      if (client) server.words = client->takeLastWords();
    }
  });
  for (const auto& server : servers_) {
    if (server->client) continue;
    notes_.push_back(server->settings.name + ": " + server->note);
    log_.warning("a task runs without the tools of an MCP server",
                 {{"server", server->settings.name}, {"reason", server->note}});
    tellWords(*server, server->words);
  }
  nameFunctions();
}

McpBox::~McpBox() {
  // Each may take a second or two to end.
  atOnce(servers_.size(), [this](std::size_t i) { servers_[i]->client.reset(); });
}

// For the operator: the model and the session's memory get none of it.
void McpBox::tellWords(const Server& server, const std::string& words) {
  if (words.empty()) return;
  log_.warning("the program of an MCP server failed", {{"server", server.settings.name}, {"stderr", words}});
}

void McpBox::nameFunctions() {
  names_.clear();
  functions_.clear();
  offered_.clear();
  for (const auto& server : servers_) {
    for (const auto& tool : server->tools) {
      const auto name = names_.add(server->settings.name, tool.name);
      if (!functions_.emplace(name, Function{server.get(), tool}).second) continue;  // the server names it twice
      auto description = "[" + server->settings.name + "] " + tool.description;
      if (description.size() > kMaxDescription)
        description = mortise::models::validUtf8(std::string_view(description).substr(0, kMaxDescription));
      offered_.push_back({name, std::move(description), tool.inputSchema});
    }
  }
}

std::vector<mortise::models::Tool> McpBox::tools() {
  std::vector<Server*> changed;
  for (const auto& server : servers_) {
    if (server->client && server->client->toolsChanged()) changed.push_back(server.get());
  }
  if (changed.empty()) return offered_;
  const auto waiting = Waiting::atMost(options_.list, stopped_);
  atOnce(changed.size(), [&](std::size_t i) {
    auto& server = *changed[i];
    try {
      server.tools = server.client->tools(waiting);
    } catch (const std::exception& failure) {
      log_.warning("an MCP server does not tell its tools again",
                   {{"server", server.settings.name}, {"reason", failure.what()}});
    }
  });
  nameFunctions();
  return offered_;
}

ToolResult McpBox::call(std::string_view function, std::string_view arguments, const ToolContext& context) {
  const auto entry = functions_.find(function);
  if (entry == functions_.end()) return failure("There is no such tool");
  const auto& [server, tool] = entry->second;
  try {
    const auto result =
        server->client->call(tool, arguments, {context.progress, askingFor(context, server->settings.name)},
                             Waiting::atMost(options_.call, context.stopped));
    return toolResult(result.text);
  } catch (const Failure& failure) {
    if (failure.cause() == Failure::Cause::gone) tellWords(*server, server->client->takeLastWords());
    return agent::failure("The tool's server failed: " + failure.text());
  }
}

}  // namespace agent::mcp
