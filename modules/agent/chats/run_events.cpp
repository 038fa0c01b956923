#include "chats/run_events.hpp"

#include <mortise/json.hpp>
#include <mortise/uuid.hpp>

#include <optional>

#include "json_text.hpp"

namespace agent {
namespace {

namespace json = mortise::json;

std::optional<std::string> orNull(const std::string& text, bool applies) {
  return applies ? std::optional(text) : std::nullopt;
}

}  // namespace

void RunEvents::closeMessage(std::vector<RunEvent>& out) {
  if (openMessage_.empty()) return;
  out.push_back({.type = "TEXT_MESSAGE_END", .messageId = openMessage_});
  openMessage_.clear();
  said_.clear();
}

std::vector<RunEvent> RunEvents::add(std::string_view kind, std::string_view data) {
  std::vector<RunEvent> out;
  rapidjson::Document read;
  if (!parseJson(data, read)) return out;
  if (kind == "message" && textMember(read, "role") == "assistant") {
    const auto id = textMember(read, "stream_id");
    const auto text = textMember(read, "message");
    const bool isPartial = boolMember(read, "partial");
    if (text.empty()) return out;
    if (openMessage_ != id) {
      closeMessage(out);
      openMessage_ = id;
      out.push_back({.type = "TEXT_MESSAGE_START", .messageId = id});
    }
    // A model that was asked again may begin anew: what was sent stays sent.
    if (text.starts_with(said_) && text.size() > said_.size()) {
      out.push_back({.type = "TEXT_MESSAGE_CONTENT", .messageId = id, .delta = text.substr(said_.size())});
      said_ = text;
    } else if (!text.starts_with(said_) && !isPartial) {
      out.push_back({.type = "TEXT_MESSAGE_CONTENT", .messageId = id, .delta = "\n" + text});
      said_ += "\n" + text;
    }
    if (!isPartial) {
      output_ = said_;
      closeMessage(out);
    }
  } else if (kind == "tool") {
    closeMessage(out);
    const auto call = textMember(read, "tool_call_id");
    const auto name = textMember(read, "function");
    if (textMember(read, "status") == "calling") {
      const auto* arguments = memberOf(read, "args");
      out.push_back({.type = "TOOL_CALL_START", .toolCallId = call, .toolName = name});
      out.push_back({.type = "TOOL_CALL_ARGS",
                     .toolCallId = call,
                     .toolName = name,
                     .delta = arguments == nullptr ? "{}" : mortise::models::toText(*arguments)});
      out.push_back({.type = "TOOL_CALL_END", .toolCallId = call, .toolName = name});
    } else {
      const auto* content = memberOf(read, "content");
      out.push_back({.type = "TOOL_CALL_RESULT",
                     .messageId = mortise::makeUuid(),
                     .toolCallId = call,
                     .toolName = name,
                     .result = content == nullptr ? std::string() : textMember(*content, "result")});
    }
  }
  return out;
}

std::vector<RunEvent> RunEvents::finish() {
  std::vector<RunEvent> out;
  closeMessage(out);
  out.push_back({.type = "RUN_FINISHED", .output = output_});
  return out;
}

std::vector<RunEvent> RunEvents::fail(std::string_view code, std::string_view text) {
  std::vector<RunEvent> out;
  if (!openMessage_.empty()) output_ = said_;
  closeMessage(out);
  out.push_back({.type = "RUN_ERROR", .error = std::string(text), .code = std::string(code)});
  return out;
}

std::string RunEvents::inList(const RunEvent& event) const {
  std::string out;
  json::ObjectWriter(out)
      .member("type", event.type)
      .member("run_id", runId_)
      .member("message_id", orNull(event.messageId, !event.messageId.empty()))
      .member("delta", orNull(event.delta, event.type == "TEXT_MESSAGE_CONTENT" || event.type == "TOOL_CALL_ARGS"))
      .member("tool_name", orNull(event.toolName, !event.toolName.empty()))
      .member("result", orNull(event.result, event.type == "TOOL_CALL_RESULT"))
      .member("output", orNull(event.output, event.type == "RUN_FINISHED"))
      .member("error", orNull(event.error, event.type == "RUN_ERROR"))
      .end();
  return out;
}

std::string RunEvents::inStream(const RunEvent& event) const {
  json::Object out;
  out.add("type", event.type);
  if (event.type == "RUN_STARTED" || event.type == "RUN_FINISHED") out.add("threadId", threadId_).add("runId", runId_);
  if (event.type == "RUN_FINISHED") out.add("result", event.output);
  if (event.type == "RUN_ERROR") out.add("message", event.error).add("code", event.code);
  if (!event.messageId.empty()) out.add("messageId", event.messageId);
  if (event.type == "TEXT_MESSAGE_START") out.add("role", "assistant");
  if (!event.toolCallId.empty()) out.add("toolCallId", event.toolCallId);
  if (event.type == "TOOL_CALL_START") out.add("toolCallName", event.toolName);
  if (event.type == "TEXT_MESSAGE_CONTENT" || event.type == "TOOL_CALL_ARGS") out.add("delta", event.delta);
  if (event.type == "TOOL_CALL_RESULT") out.add("content", event.result).add("role", "tool");
  return out.build().text();
}

}  // namespace agent
