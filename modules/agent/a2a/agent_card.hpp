// What an A2A agent says of itself, and where it is spoken to.
#pragma once

#include <mortise/http_client.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/waiting.hpp"

namespace agent::a2a {

// Which generation of the protocol: 0.2 and 0.3, or 1.0.
enum class Generation { old, one };

struct AgentCard {
  std::string name;
  std::string description{};
  std::vector<std::string> inputModes{};
  std::vector<std::string> outputModes{};
  bool streaming = false;
  bool pushNotifications = false;
  std::string url{};  // where JSON-RPC is spoken; empty: nowhere
  Generation generation = Generation::old;
};

// Empty: it is no card.
std::optional<AgentCard> readCard(std::string_view text);

// The card at `baseUrl`. Throws mcp::Failure.
AgentCard fetchCard(const mortise::HttpClient& http, const std::string& baseUrl, const mcp::Waiting& waiting);

// What an agent without a card is shown as: its host and path, and its address without user information and query.
std::string shortName(std::string_view baseUrl);
std::string shownAddress(std::string_view baseUrl);

}  // namespace agent::a2a
