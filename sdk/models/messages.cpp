// Anthropic's messages.
#include <map>

#include "by_role.hpp"
#include "json_reading.hpp"
#include "mortise/json.hpp"
#include "wire_form.hpp"

namespace mortise::inline sdk1::models {
namespace {

using rapidjson::Value;
namespace wire = mortise::json;

constexpr const char* kVersion = "2023-06-01";
constexpr std::size_t kMaxBlocks = 1024;  // of one answer

wire::Value textBlock(std::string_view text) { return wire::object({{"type", "text"}, {"text", validUtf8(text)}}); }

// The blocks of one message.
void addBlocks(const Message& message, wire::List& into) {
  if (message.role == Role::tool) {
    into.add(wire::object(
        {{"type", "tool_result"}, {"tool_use_id", message.toolCallId}, {"content", validUtf8(message.text)}}));
    return;
  }
  // An empty text is refused there.
  if (!message.text.empty()) into.add(textBlock(message.text));
  for (const auto& call : message.toolCalls) {
    into.add(wire::object({{"type", "tool_use"},
                           {"id", call.id},
                           {"name", call.name},
                           {"input", wire::raw(objectOrEmpty(call.arguments))}}));
  }
}

const char* roleOf(const Message& message) { return message.role == Role::assistant ? "assistant" : "user"; }

std::string systemOf(const std::vector<Message>& messages) {
  std::string out;
  for (const auto& message : messages) {
    if (message.role == Role::system) out.append(out.empty() ? "" : "\n\n").append(validUtf8(message.text));
  }
  return out;
}

wire::Value toolOf(const Tool& tool) {
  return wire::object({{"name", tool.name},
                       {"description", validUtf8(tool.description)},
                       {"input_schema", wire::raw(objectOrEmpty(tool.parameters))}});
}

const char* nameOf(ToolChoice choice) {
  if (choice == ToolChoice::required) return "any";
  return choice == ToolChoice::none ? "none" : "auto";
}

Ending endingOf(std::string_view reason) {
  if (reason == "end_turn" || reason == "stop_sequence") return Ending::stop;
  if (reason == "max_tokens") return Ending::length;
  if (reason == "tool_use") return Ending::toolCalls;
  return reason == "refusal" ? Ending::filtered : Ending::other;
}

// What was read from, or put into, a cache is input all the same.
void readUsage(const Value& from, Usage& into) {
  const auto* usage = objectMember(from, "usage");
  if (usage == nullptr) return;
  const auto input = tokensMember(*usage, "input_tokens") + tokensMember(*usage, "cache_creation_input_tokens") +
                     tokensMember(*usage, "cache_read_input_tokens");
  if (input > 0) into.inputTokens = input;
  if (const auto output = tokensMember(*usage, "output_tokens"); output > 0) into.outputTokens = output;
}

class Reader final : public StreamReader {
 public:
  void take(std::string_view data, std::string& text) override {
    rapidjson::Document event;
    if (!parseJson(data, event) || !event.IsObject()) unreadable("an event of the model's stream is no JSON object");
    const auto type = textMember(event, "type");
    if (type == "error") unreadable("the model's server sent an error within the stream");
    if (type == "message_start") {
      if (const auto* message = objectMember(event, "message")) {
        answer_.model = textMember(*message, "model");
        readUsage(*message, answer_.usage);
      }
    } else if (type == "content_block_start") {
      start(event);
    } else if (type == "content_block_delta") {
      add(event, text);
    } else if (type == "message_delta") {
      readUsage(event, answer_.usage);
      if (const auto* delta = objectMember(event, "delta"))
        answer_.ending = endingOf(textMember(*delta, "stop_reason"));
    } else if (type == "message_stop") {
      ended_ = true;
    }
  }

  Answer finish() override {
    if (!ended_) unreadable("the model's stream ended before its end");
    for (auto& [index, call] : calls_) {
      if (call.arguments.empty()) call.arguments = "{}";
      answer_.toolCalls.push_back(std::move(call));
    }
    return std::move(answer_);
  }

 private:
  void start(const Value& event) {
    const auto* block = objectMember(event, "content_block");
    if (block == nullptr || textMember(*block, "type") != "tool_use") return;
    if (calls_.size() >= kMaxBlocks) unreadable("the model calls too many functions");
    calls_[integerMember(event, "index")] = {
        std::string(textMember(*block, "id")), std::string(textMember(*block, "name")), {}};
  }

  void add(const Value& event, std::string& text) {
    const auto* delta = objectMember(event, "delta");
    if (delta == nullptr) return;
    if (textMember(*delta, "type") == "text_delta") {
      const auto piece = textMember(*delta, "text");
      text.append(piece);
      answer_.text.append(piece);
    } else if (textMember(*delta, "type") == "input_json_delta") {
      const auto call = calls_.find(integerMember(event, "index"));
      if (call != calls_.end()) call->second.arguments.append(textMember(*delta, "partial_json"));
    }
  }

  Answer answer_;
  std::map<std::int64_t, ToolCall> calls_;  // by the index of their block
  bool ended_ = false;
};

class Messages final : public WireForm {
 public:
  std::string url(const Endpoint& endpoint, const Question&, bool) const override { return endpoint.url + "/messages"; }

  std::vector<std::pair<std::string, std::string>> headers(const Endpoint& endpoint) const override {
    return {{"anthropic-version", kVersion}, {"x-api-key", endpoint.apiKey}};
  }

  std::string body(const Question& question, bool streamed) const override {
    wire::Object out;
    out.add("model", question.model).add("max_tokens", question.maxTokens);
    if (const auto text = systemOf(question.messages); !text.empty()) out.add("system", text);
    out.add("messages", byRole(question.messages, roleOf, "content", addBlocks));
    if (question.temperature) out.add("temperature", *question.temperature);
    if (!question.tools.empty()) {
      out.add("tools", wire::list(question.tools, toolOf));
      out.add("tool_choice", wire::object({{"type", nameOf(question.toolChoice)}}));
    }
    if (streamed) out.add("stream", true);
    return out.build().text();
  }

  Answer read(const Value& answer) const override {
    const auto* blocks = listMember(answer, "content");
    if (blocks == nullptr || blocks->Size() > kMaxBlocks) unreadable("the model's answer has no list of content");
    Answer out;
    for (const auto& block : blocks->GetArray()) {
      const auto type = textMember(block, "type");
      if (type == "text") out.text.append(textMember(block, "text"));
      if (type != "tool_use") continue;
      const auto* input = objectMember(block, "input");
      out.toolCalls.push_back({std::string(textMember(block, "id")), std::string(textMember(block, "name")),
                               input == nullptr ? "{}" : toText(*input)});
    }
    out.ending = endingOf(textMember(answer, "stop_reason"));
    readUsage(answer, out.usage);
    out.model = textMember(answer, "model");
    return out;
  }

  std::unique_ptr<StreamReader> reader() const override { return std::make_unique<Reader>(); }
};

}  // namespace

const WireForm& messagesForm() {
  static const Messages form;
  return form;
}

}  // namespace mortise::inline sdk1::models
