// Messages of JSON-RPC 2.0, as MCP and A2A use them.
#pragma once

#include <rapidjson/document.h>
#include <mortise/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agent::mcp {

// Texts of messages.
std::string requestText(std::int64_t id, std::string_view method, const mortise::json::Value& params);
std::string notificationText(std::string_view method, const mortise::json::Value& params);
// `id`: text of a JSON value, as the server sent it.
std::string resultText(std::string_view id, const mortise::json::Value& result);
std::string errorText(std::string_view id, std::int64_t code, std::string_view message);

// One message that came in.
struct Incoming {
  enum class Kind { request, notification, result, error, nothing };
  Kind kind = Kind::nothing;
  std::string id{};         // text of a JSON value; of a notification empty; null: an error that belongs to no request
  std::string method{};     // of a request or notification
  rapidjson::Value body{};  // params, result or error, in the document of its batch

  bool answers(std::int64_t request) const {
    return (kind == Kind::result || kind == Kind::error) && id == std::to_string(request);
  }
  // Of an error.
  std::int64_t code() const;
  std::string_view message() const;
  std::string data() const;  // text of a JSON value
};

// One message, or several at once (2025-03-26). The document must outlive the messages.
class Batch {
 public:
  // False: it is no JSON, or nests deeper than 64 levels. What is no message is passed over.
  bool read(std::string_view text);
  std::vector<Incoming>& messages() noexcept { return messages_; }

 private:
  void add(rapidjson::Value& value);

  rapidjson::Document document_;
  std::vector<Incoming> messages_;
};

}  // namespace agent::mcp
