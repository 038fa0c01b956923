// OpenAI's chat completions, which most other servers of models speak, too.
#include <algorithm>
#include <map>

#include "json_reading.hpp"
#include "mortise/json.hpp"
#include "wire_form.hpp"

namespace mortise::inline sdk1::models {
namespace {

using rapidjson::Value;
namespace wire = mortise::json;

constexpr std::size_t kMaxCalls = 128;  // of one answer

wire::Value callOf(const ToolCall& call) {
  return wire::object({{"id", call.id},
                       {"type", "function"},
                       {"function", wire::object({{"name", call.name}, {"arguments", validUtf8(call.arguments)}})}});
}

wire::Value messageOf(const Message& message) {
  wire::Object out;
  out.add("role", detail::nameOf(message.role));
  const auto text = validUtf8(message.text);
  // An assistant that only calls functions says nothing.
  const bool silent = message.role == Role::assistant && text.empty() && !message.toolCalls.empty();
  out.add("content", silent ? wire::Item(nullptr) : wire::Item(text));
  if (!message.toolCalls.empty()) out.add("tool_calls", wire::list(message.toolCalls, callOf));
  if (!message.reasoning.empty()) out.add("reasoning_content", validUtf8(message.reasoning));
  if (message.role == Role::tool) out.add("tool_call_id", message.toolCallId);
  return out;
}

wire::Value toolOf(const Tool& tool) {
  return wire::object({{"type", "function"},
                       {"function", wire::object({{"name", tool.name},
                                                  {"description", validUtf8(tool.description)},
                                                  {"parameters", wire::raw(objectOrEmpty(tool.parameters))}})}});
}

const char* nameOf(ToolChoice choice) {
  if (choice == ToolChoice::required) return "required";
  return choice == ToolChoice::none ? "none" : "auto";
}

Ending endingOf(std::string_view reason) {
  if (reason == "stop") return Ending::stop;
  if (reason == "length") return Ending::length;
  if (reason == "tool_calls" || reason == "function_call") return Ending::toolCalls;
  return reason == "content_filter" ? Ending::filtered : Ending::other;
}

void readUsage(const Value& from, Usage& into) {
  const auto* usage = objectMember(from, "usage");
  if (usage == nullptr) return;
  into = {tokensMember(*usage, "prompt_tokens"), tokensMember(*usage, "completion_tokens")};
}

// A text, or parts of which some are texts.
void appendContent(const Value& message, std::string& text) {
  text.append(textMember(message, "content"));
  const auto* parts = listMember(message, "content");
  if (parts == nullptr) return;
  for (const auto& part : parts->GetArray()) text.append(textMember(part, "text"));
}

// What servers call the reasoning: DeepSeek and vLLM reasoning_content, OpenRouter and Ollama reasoning.
std::string_view reasoningOf(const Value& message) {
  const auto reasoning = textMember(message, "reasoning_content");
  return reasoning.empty() ? textMember(message, "reasoning") : reasoning;
}

// The text of a JSON object; some servers send the object itself.
std::string argumentsOf(const Value& function) {
  const auto* arguments = memberOf(function, "arguments");
  if (arguments == nullptr || arguments->IsNull()) return {};
  return arguments->IsString() ? std::string(textMember(function, "arguments")) : toText(*arguments);
}

void refuseErrors(const Value& answer) {
  // Some servers answer 200 and tell of the failure within.
  if (const auto* error = memberOf(answer, "error"); error != nullptr && !error->IsNull())
    unreadable("the model's server sent an error in place of an answer");
}

class Reader final : public StreamReader {
 public:
  void take(std::string_view data, std::string& text) override {
    if (data == "[DONE]") {
      ended_ = true;
      return;
    }
    rapidjson::Document event;
    if (!parseJson(data, event) || !event.IsObject()) unreadable("an event of the model's stream is no JSON object");
    refuseErrors(event);
    readUsage(event, answer_.usage);
    if (answer_.model.empty()) answer_.model = textMember(event, "model");
    const auto* choices = listMember(event, "choices");
    if (choices == nullptr || choices->Empty()) return;
    const auto& choice = (*choices)[0];
    if (const auto reason = textMember(choice, "finish_reason"); !reason.empty()) {
      answer_.ending = endingOf(reason);
      ended_ = true;
    }
    const auto* delta = objectMember(choice, "delta");
    if (delta == nullptr) return;
    const auto before = text.size();
    appendContent(*delta, text);
    answer_.text.append(text, before);
    answer_.reasoning.append(reasoningOf(*delta));
    if (const auto* calls = listMember(*delta, "tool_calls")) {
      for (const auto& call : calls->GetArray()) add(call);
    }
  }

  Answer finish() override {
    if (!ended_) unreadable("the model's stream ended before its end");
    answer_.toolCalls = std::move(calls_);
    // Some say stop although they wait for a function.
    if (!answer_.toolCalls.empty() && answer_.ending == Ending::stop) answer_.ending = Ending::toolCalls;
    return std::move(answer_);
  }

 private:
  // A call comes in pieces that share its index. Servers that leave it out, or number every call 0, begin a call with a
  // new id.
  ToolCall& callOfPiece(const Value& piece, std::string_view id) {
    const auto* index = memberOf(piece, "index");
    if (index != nullptr && index->IsInt64()) {
      const auto at = places_.find(index->GetInt64());
      if (at != places_.end() && (id.empty() || calls_[at->second].id.empty() || calls_[at->second].id == id))
        return calls_[at->second];
    } else if (!calls_.empty() && (id.empty() || calls_.back().id == id)) {
      return calls_.back();
    }
    if (calls_.size() >= kMaxCalls) unreadable("the model calls too many functions");
    if (index != nullptr && index->IsInt64()) places_[index->GetInt64()] = calls_.size();
    return calls_.emplace_back();
  }

  void add(const Value& piece) {
    const auto id = textMember(piece, "id");
    auto& call = callOfPiece(piece, id);
    if (!id.empty()) call.id = id;
    const auto* function = objectMember(piece, "function");
    if (function == nullptr) return;
    // Some repeat the name in every piece.
    if (const auto name = textMember(*function, "name"); name != call.name) call.name.append(name);
    call.arguments.append(argumentsOf(*function));
  }

  Answer answer_;
  std::vector<ToolCall> calls_;
  std::map<std::int64_t, std::size_t> places_;  // by index
  bool ended_ = false;
};

class ChatCompletions final : public WireForm {
 public:
  std::string url(const Endpoint& endpoint, const Question&, bool) const override {
    return endpoint.url + "/chat/completions";
  }

  std::vector<std::pair<std::string, std::string>> headers(const Endpoint& endpoint) const override {
    if (endpoint.apiKey.empty()) return {};
    return {{"Authorization", "Bearer " + endpoint.apiKey}};
  }

  std::string body(const Question& question, bool streamed) const override {
    wire::Object out;
    out.add("model", question.model).add("messages", wire::list(question.messages, messageOf));
    out.add(question.olderLimit ? "max_tokens" : "max_completion_tokens", question.maxTokens);
    if (isReasoning(question.model)) {
      if (!question.reasoningEffort.empty()) out.add("reasoning_effort", question.reasoningEffort);
    } else if (question.temperature) {
      out.add("temperature", *question.temperature);
    }
    if (!question.tools.empty()) {
      out.add("tools", wire::list(question.tools, toolOf)).add("tool_choice", nameOf(question.toolChoice));
    }
    if (question.jsonAnswer) out.add("response_format", wire::object({{"type", "json_object"}}));
    if (streamed) out.add("stream", true).add("stream_options", wire::object({{"include_usage", true}}));
    return out.build().text();
  }

  Answer read(const Value& answer) const override {
    refuseErrors(answer);
    const auto* choices = listMember(answer, "choices");
    const auto* choice = choices == nullptr || choices->Empty() ? &answer : &(*choices)[0];
    const auto* message = objectMember(*choice, "message");
    Answer out;
    if (message != nullptr) {
      appendContent(*message, out.text);
      out.reasoning = reasoningOf(*message);
    } else if (memberOf(*choice, "content") != nullptr) {
      message = choice;
      appendContent(*choice, out.text);
    } else if (choice != &answer && memberOf(*choice, "text") != nullptr) {
      message = choice;
      out.text = textMember(*choice, "text");
    } else {
      unreadable("the model's answer has no choice with a message");
    }
    if (const auto* calls = listMember(*message, "tool_calls")) {
      for (const auto& call : calls->GetArray()) {
        const auto* function = objectMember(call, "function");
        if (function == nullptr || out.toolCalls.size() >= kMaxCalls) unreadable("the model's calls are not readable");
        out.toolCalls.push_back(
            {std::string(textMember(call, "id")), std::string(textMember(*function, "name")), argumentsOf(*function)});
      }
    }
    const auto reason = textMember(*choice, "finish_reason");
    out.ending = reason.empty() ? Ending::stop : endingOf(reason);
    if (!out.toolCalls.empty() && out.ending == Ending::stop) out.ending = Ending::toolCalls;
    readUsage(answer, out.usage);
    out.model = textMember(answer, "model");
    return out;
  }

  std::unique_ptr<StreamReader> reader() const override { return std::make_unique<Reader>(); }
};

}  // namespace

const WireForm& chatCompletionsForm() {
  static const ChatCompletions form;
  return form;
}

}  // namespace mortise::inline sdk1::models
