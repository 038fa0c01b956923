// What the official conformance package of MCP runs as a client: it lists the tools of the server at the address that is its
// last argument, and calls each of them. tests/e2e/agent_mcp_conformance_test.py starts it, through that package.
//
// MCP_CONFORMANCE_CONTEXT may hold {"toolCalls": [{"name", "arguments"}]}: the calls to make instead.
#include <rapidjson/document.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "json_reading.hpp"
#include "mcp/connection.hpp"
#include "mcp/living_children.hpp"
#include "tests/peers/curl_http_client.hpp"

namespace {

namespace json = mortise::json;
namespace models = mortise::models;
using agent::mcp::Waiting;

constexpr std::chrono::seconds kPatience{20};

// A value that a property's schema takes.
json::Value valueFor(const rapidjson::Value& schema) {
  const auto type = models::textMember(schema, "type");
  if (type == "integer" || type == "number") return json::value(2);
  if (type == "boolean") return json::value(true);
  if (type == "object") return json::raw("{}");
  if (type == "array") return json::raw("[]");
  return json::value("text");
}

// `schemas`: of all tools. A tool that echoes a schema gets that of another one.
std::string argumentsFor(const agent::mcp::Tool& tool, const std::map<std::string, std::string>& schemas) {
  json::Object out;
  rapidjson::Document schema;
  if (!models::parseJson(tool.inputSchema, schema)) return "{}";
  const auto* properties = models::objectMember(schema, "properties");
  if (properties == nullptr) return "{}";
  for (const auto& property : properties->GetObject()) {
    const std::string name(property.name.GetString(), property.name.GetStringLength());
    if (name == "schema" && schemas.size() > 1) {
      for (const auto& [other, text] : schemas) {
        if (other != tool.name) out.add(name, json::raw(text));
      }
    } else {
      out.add(name, valueFor(property.value));
    }
  }
  return out.build().text();
}

// Agrees, and takes what the form proposes.
std::optional<std::string> answer(std::string_view question) {
  return question.find("\"-\"") != std::string_view::npos && question.find("yes or no") == std::string_view::npos
             ? "-"
             : "yes";
}

int run(const std::string& address) {
  agent::McpServer server;
  server.name = "conformance";
  server.entry = agent::readMcpEntry(server.name, json::object({{"url", address}}).text());
  server.transport = server.entry.transport;
  agent::mcp::LivingChildren living(1);
  agent::mcp::PlainChildProcesses processes(living);
  agent::mcp::Client client(agent::mcp::connectorTo(server, mortise::peers::CurlExchange::client(), processes), "1.0",
                            agent::mcp::Questions::heard);
  client.open(Waiting::atMost(kPatience));
  const auto tools = client.tools(Waiting::atMost(kPatience));
  std::map<std::string, std::string> schemas;
  for (const auto& tool : tools) schemas[tool.name] = tool.inputSchema;

  rapidjson::Document context;
  const char* given = std::getenv("MCP_CONFORMANCE_CONTEXT");
  const bool isTold = given != nullptr && models::parseJson(given, context);
  const auto* calls = isTold ? models::listMember(context, "toolCalls") : nullptr;
  const auto call = [&](const agent::mcp::Tool& tool, const std::string& arguments) {
    try {
      const auto result =
          client.call(tool, arguments, {.asking = {.ask = answer, .server = server.name}}, Waiting::atMost(kPatience));
      std::cout << tool.name << " gave " << result.text << "\n";
    } catch (const agent::mcp::Failure& failure) {
      std::cout << tool.name << " failed: " << failure.text() << "\n";
    }
  };
  for (const auto& tool : tools) {
    if (calls == nullptr) {
      call(tool, argumentsFor(tool, schemas));
      continue;
    }
    for (const auto& one : calls->GetArray()) {
      const auto* arguments = models::objectMember(one, "arguments");
      if (models::textMember(one, "name") == tool.name)
        call(tool, arguments == nullptr ? "{}" : models::toText(*arguments));
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  if (argc < 2) {
    std::cerr << "usage: " << argv[0] << " ADDRESS\n";
    return 2;
  }
  try {
    return run(argv[argc - 1]);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
