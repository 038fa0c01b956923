#include "mcp/tool_result.hpp"

#include <mortise/json.hpp>

#include <string>

#include "json_reading.hpp"

namespace agent::mcp {
namespace {

namespace json = mortise::json;
namespace models = mortise::models;

constexpr std::size_t kMaxText = std::size_t{1} << 20;
constexpr std::size_t kMaxStructured = std::size_t{1} << 20;

// Bytes that base64 text stands for.
std::size_t bytesIn(std::string_view base64) {
  while (base64.ends_with('=')) base64.remove_suffix(1);
  return base64.size() * 3 / 4;
}

std::string_view typeOf(const rapidjson::Value& part) {
  const auto type = models::textMember(part, "mimeType");
  return type.empty() ? "application/octet-stream" : type;
}

std::string described(std::string_view what, std::string_view type, std::size_t bytes) {
  return "[" + std::string(what) + " " + std::string(type) + ", " + std::to_string(bytes) + " bytes]";
}

std::string partText(const rapidjson::Value& part) {
  const auto type = models::textMember(part, "type");
  if (type == "text") return std::string(models::textMember(part, "text"));
  if (type == "image" || type == "audio")
    return described(type, typeOf(part), bytesIn(models::textMember(part, "data")));
  if (type == "resource_link")
    return "[resource " + std::string(models::textMember(part, "name")) + " " +
           std::string(models::textMember(part, "uri")) + "]";
  if (const auto* resource = models::objectMember(part, "resource"); type == "resource" && resource != nullptr) {
    if (const auto text = models::textMember(*resource, "text"); !text.empty()) return std::string(text);
    return described("resource " + std::string(models::textMember(*resource, "uri")), typeOf(*resource),
                     bytesIn(models::textMember(*resource, "blob")));
  }
  return models::toText(part);
}

std::string cutText(std::string text) {
  if (text.size() <= kMaxText) return text;
  text.resize(kMaxText);
  return models::validUtf8(text) + "\n[cut]";
}

}  // namespace

ToolResult toolResult(std::string_view result) {
  ToolResult out;
  rapidjson::Document document;
  if (!models::parseJson(result, document)) return failure("The tool's result can't be read");
  std::string text;
  if (const auto* parts = models::listMember(document, "content")) {
    for (const auto& part : parts->GetArray()) {
      if (!text.empty()) text.push_back('\n');
      text.append(partText(part));
      if (text.size() > kMaxText) break;
    }
  }
  text = cutText(std::move(text));
  const auto* failed = models::memberOf(document, "isError");
  out.success = failed == nullptr || !failed->IsBool() || !failed->GetBool();
  const auto* structured = models::memberOf(document, "structuredContent");
  if (structured != nullptr && !structured->IsNull()) {
    auto whole = models::toText(*structured);
    if (whole.size() > kMaxStructured) whole = json::quoted("[too large]");
    out.data = json::object({{"text", text}, {"structured_content", json::raw(std::move(whole))}}).text();
  } else if (!text.empty()) {
    out.data = json::quoted(text);
  }
  if (!out.success) {
    out.message = text.empty() ? "The tool failed" : text;
  } else if (out.data == "null") {
    out.data = json::quoted("The tool succeeded and gave nothing back");
  }
  out.content = json::object({{"result", json::raw(out.data)}}).text();
  return out;
}

}  // namespace agent::mcp
