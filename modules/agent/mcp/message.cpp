#include "mcp/message.hpp"

#include <utility>

#include "json_reading.hpp"

namespace agent::mcp {
namespace {

namespace json = mortise::json;
namespace models = mortise::models;

constexpr std::size_t kMaxAtOnce = 1000;

}  // namespace

std::string requestText(std::int64_t id, std::string_view method, const json::Value& params) {
  return json::object({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}}).text();
}

std::string notificationText(std::string_view method, const json::Value& params) {
  return json::object({{"jsonrpc", "2.0"}, {"method", method}, {"params", params}}).text();
}

std::string resultText(std::string_view id, const json::Value& result) {
  return json::object({{"jsonrpc", "2.0"}, {"id", json::raw(std::string(id))}, {"result", result}}).text();
}

std::string errorText(std::string_view id, std::int64_t code, std::string_view message) {
  return json::object({{"jsonrpc", "2.0"},
                       {"id", json::raw(std::string(id))},
                       {"error", json::object({{"code", code}, {"message", message}})}})
      .text();
}

std::int64_t Incoming::code() const { return models::integerMember(body, "code"); }

std::string_view Incoming::message() const { return models::textMember(body, "message"); }

std::string Incoming::data() const {
  const auto* data = models::memberOf(body, "data");
  return data == nullptr ? "null" : models::toText(*data);
}

bool Batch::read(std::string_view text) {
  messages_.clear();
  if (!models::parseJson(text, document_)) return false;
  if (!document_.IsArray()) {
    add(document_);
    return true;
  }
  for (auto& one : document_.GetArray()) {
    if (messages_.size() == kMaxAtOnce) break;
    add(one);
  }
  return true;
}

void Batch::add(rapidjson::Value& value) {
  if (!value.IsObject()) return;
  Incoming message;
  if (const auto* id = models::memberOf(value, "id");
      id != nullptr && (id->IsString() || id->IsNumber() || id->IsNull()))
    message.id = models::toText(*id);
  message.method = models::textMember(value, "method");
  const char* member = "params";
  if (!message.method.empty()) {
    message.kind = message.id.empty() || message.id == "null" ? Incoming::Kind::notification : Incoming::Kind::request;
  } else if (models::objectMember(value, "error") != nullptr) {
    message.kind = Incoming::Kind::error;
    member = "error";
  } else if (models::memberOf(value, "result") != nullptr && !message.id.empty()) {
    message.kind = Incoming::Kind::result;
    member = "result";
  } else {
    return;
  }
  if (const auto entry = value.FindMember(member); entry != value.MemberEnd()) message.body = entry->value;
  messages_.push_back(std::move(message));
}

}  // namespace agent::mcp
