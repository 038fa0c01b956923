#include "configuration/mcp_server.hpp"

#include <mortise/ascii.hpp>
#include <mortise/problem.hpp>
#include <mortise/white_space.hpp>

#include <algorithm>
#include <optional>

#include "json_reading.hpp"
#include "web_text.hpp"

namespace agent {
namespace {

namespace models = mortise::models;
using mortise::Problem;
using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t kMaxEntry = 48 << 10;  // secrets/1 seals 64 KiB
constexpr std::size_t kMaxName = 64;

bool isNameByte(char c) { return isAsciiAlphanumeric(c) || c == '_' || c == '.' || c == '-'; }

// Where what is at fault stands in the request.
class Place {
 public:
  explicit Place(std::string_view name) : text_("body/mcpServers/" + std::string(name)) {}
  Problem fault(std::string_view member, std::string rule, mortise::Params params = {}) const {
    auto location = text_;
    if (!member.empty()) location.append("/").append(member);
    return Problem(422, "agent_mcp_server_invalid").field(std::move(location), std::move(rule), std::move(params));
  }

 private:
  std::string text_;
};

std::string trimmedMember(const rapidjson::Value& object, const char* name) {
  return std::string(mortise::withoutSpaceAround(models::textMember(object, name)));
}

Pairs pairsOf(const rapidjson::Value& object, const char* name) {
  Pairs out;
  const auto* pairs = models::objectMember(object, name);
  if (pairs == nullptr) return out;
  for (const auto& member : pairs->GetObject()) {
    if (member.value.IsString())
      out.emplace_back(std::string(member.name.GetString(), member.name.GetStringLength()),
                       std::string(member.value.GetString(), member.value.GetStringLength()));
  }
  return out;
}

// Empty: there is none of that name.
std::optional<McpTransport> transportNamed(std::string_view text) {
  const auto folded = mortise::asciiLowerCase(text);
  if (folded == "stdio") return McpTransport::stdio;
  if (folded == "sse") return McpTransport::sse;
  if (folded == "streamable_http" || folded == "streamable-http" || folded == "streamablehttp" || folded == "http")
    return McpTransport::streamableHttp;
  return std::nullopt;
}

McpTransport transportOf(const rapidjson::Value& object, const McpEntry& entry, const Place& place) {
  for (const char* member : {"transport", "type"}) {
    const auto text = trimmedMember(object, member);
    if (text.empty()) continue;
    if (const auto known = transportNamed(text)) return *known;
    throw place.fault(member, "literal_error", {{"expected", "'stdio', 'sse' or 'streamable_http'"}});
  }
  return !entry.command.empty() && entry.url.empty() ? McpTransport::stdio : McpTransport::streamableHttp;
}

bool isWebAddress(std::string_view url) {
  const auto folded = mortise::asciiLowerCase(url.substr(0, 8));
  const std::size_t scheme = folded.starts_with("https://") ? 8 : folded.starts_with("http://") ? 7 : 0;
  constexpr std::string_view kEndsHost = "/?#";
  return scheme > 0 && url.size() > scheme && kEndsHost.find(url[scheme]) == std::string_view::npos &&
         std::none_of(url.begin(), url.end(),
                      [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; });
}

void checkReach(const McpEntry& entry, const Place& place) {
  if (entry.transport == McpTransport::stdio) {
    if (entry.command.empty()) throw place.fault("command", "missing");
    for (const auto& [name, value] : entry.env) {
      if (name.empty() || name.find('=') != std::string::npos) throw place.fault("env", "value_error");
    }
    return;
  }
  if (entry.url.empty()) throw place.fault("url", "missing");
  if (!isWebAddress(entry.url)) throw place.fault("url", "uri");
  for (const auto& [name, value] : entry.headers) {
    if (!isToken(name) || value.find_first_of("\r\n") != std::string::npos) throw place.fault("headers", "value_error");
  }
}

}  // namespace

McpEntry readMcpEntry(std::string_view name, std::string_view text) {
  const Place place(name.substr(0, kMaxName));
  if (name.empty() || name.size() > kMaxName || !std::all_of(name.begin(), name.end(), isNameByte))
    throw place.fault("", "string_pattern_mismatch", {{"pattern", "^[A-Za-z0-9_.-]{1,64}$"}});
  if (text.size() > kMaxEntry) throw place.fault("", "string_too_long", {{"max_length", std::to_string(kMaxEntry)}});
  rapidjson::Document document;
  if (!models::parseJson(text, document) || !document.IsObject()) throw place.fault("", "object_type");
  McpEntry entry;
  const auto* enabled = models::memberOf(document, "enabled");
  entry.enabled = enabled == nullptr || !enabled->IsBool() || enabled->GetBool();
  entry.command = trimmedMember(document, "command");
  entry.url = trimmedMember(document, "url");
  if (const auto* args = models::listMember(document, "args")) {
    for (const auto& one : args->GetArray()) {
      if (one.IsString()) entry.args.emplace_back(one.GetString(), one.GetStringLength());
    }
  }
  entry.env = pairsOf(document, "env");
  entry.headers = pairsOf(document, "headers");
  entry.transport = transportOf(document, entry, place);
  checkReach(entry, place);
  return entry;
}

}  // namespace agent
