#include "a2a/agent_card.hpp"

#include <algorithm>
#include <initializer_list>

#include "json_reading.hpp"
#include "mcp/http_exchange.hpp"
#include "mcp/http_transport.hpp"
#include "web_text.hpp"

namespace agent::a2a {
namespace {

namespace models = mortise::models;
using mcp::Failure;
using std::chrono::milliseconds;

constexpr std::size_t kMaxCard = std::size_t{1} << 20;
constexpr std::size_t kMaxModes = 50;
constexpr std::size_t kMaxText = 4000;

std::string textOf(const rapidjson::Value& object, const char* name) {
  return models::validUtf8(models::textMember(object, name).substr(0, kMaxText));
}

std::vector<std::string> textsOf(const rapidjson::Value& object, const char* name) {
  std::vector<std::string> out;
  const auto* list = models::listMember(object, name);
  if (list == nullptr) return out;
  for (const auto& one : list->GetArray()) {
    if (one.IsString() && out.size() < kMaxModes) out.emplace_back(one.GetString(), one.GetStringLength());
  }
  return out;
}

bool isTrue(const rapidjson::Value* object, std::initializer_list<const char*> names) {
  return object != nullptr && std::any_of(names.begin(), names.end(), [&](const char* name) {
           const auto* member = models::memberOf(*object, name);
           return member != nullptr && member->IsBool() && member->GetBool();
         });
}

void readPlace(const rapidjson::Value& card, AgentCard& out) {
  const auto* places = models::listMember(card, "supportedInterfaces");
  if (places != nullptr) {
    for (const bool newer : {true, false}) {
      for (const auto& place : places->GetArray()) {
        const auto version = models::textMember(place, "protocolVersion");
        const bool isOld = version.starts_with("0.");
        if (models::textMember(place, "protocolBinding") != "JSONRPC" || isOld == newer) continue;
        out.url = models::textMember(place, "url");
        out.generation = newer ? Generation::one : Generation::old;
        return;
      }
    }
  }
  const auto transport = models::textMember(card, "preferredTransport");
  if (transport.empty() || transport == "JSONRPC") {
    out.url = models::textMember(card, "url");
  } else if (const auto* more = models::listMember(card, "additionalInterfaces")) {
    for (const auto& place : more->GetArray()) {
      if (models::textMember(place, "transport") == "JSONRPC") out.url = models::textMember(place, "url");
    }
  }
}

// Host, port and path.
std::string_view placeOf(const AddressParts& parts) { return parts.rest.substr(0, parts.rest.find_first_of("?#")); }

}  // namespace

std::optional<AgentCard> readCard(std::string_view text) {
  rapidjson::Document document;
  if (!models::parseJson(text, document) || !document.IsObject()) return std::nullopt;
  AgentCard card;
  card.name = textOf(document, "name");
  if (card.name.empty()) return std::nullopt;
  card.description = textOf(document, "description");
  card.inputModes = textsOf(document, "defaultInputModes");
  card.outputModes = textsOf(document, "defaultOutputModes");
  const auto* abilities = models::objectMember(document, "capabilities");
  card.streaming = isTrue(abilities, {"streaming"});
  card.pushNotifications = isTrue(abilities, {"pushNotifications", "push_notifications"});
  readPlace(document, card);
  return card;
}

AgentCard fetchCard(const mortise::HttpClient& http, const std::string& baseUrl, const mcp::Waiting& waiting) {
  if (baseUrl.empty())
    throw Failure(Failure::Cause::forbidden, "its address can't be read with this server's secret; set it up again");
  for (const char* path : {"/.well-known/agent-card.json", "/.well-known/agent.json"}) {
    const mcp::HttpPlace place(baseUrl, {});
    mortise::HttpRequest request;
    request.url = place.url.substr(0, place.url.find_first_of("?#"));
    while (request.url.ends_with('/')) request.url.pop_back();
    request.url += path;
    request.headers = place.headers;
    request.headers.emplace_back("Accept", "application/json");
    request.headers.emplace_back("A2A-Version", "1.0");  // servers of both generations show the newer card
    request.timeout = std::max(waiting.left(), milliseconds(1));
    mcp::HttpExchange exchange(http, std::move(request), kMaxCard);
    while (exchange.next(waiting)) {
      // A card is no stream.
    }
    const auto& response = exchange.response();
    if (response.status == 404) continue;
    if (response.status != 200) throw mcp::failureOfResponse(response, exchange.body());
    if (auto card = readCard(exchange.body())) return *std::move(card);
    throw Failure(Failure::Cause::unreadable, "its card can't be read");
  }
  throw Failure::status(404);
}

std::string shortName(std::string_view baseUrl) {
  auto rest = placeOf(partsOf(baseUrl));
  while (rest.ends_with('/')) rest.remove_suffix(1);
  return std::string(rest);
}

std::string shownAddress(std::string_view baseUrl) {
  const auto parts = partsOf(baseUrl);
  return std::string(parts.scheme).append(placeOf(parts));
}

}  // namespace agent::a2a
