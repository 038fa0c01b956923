// Google's generateContent.
#include "by_role.hpp"
#include "json_reading.hpp"
#include "mortise/json.hpp"
#include "mortise/percent.hpp"
#include "wire_form.hpp"

namespace mortise::inline sdk1::models {
namespace {

using rapidjson::Value;
namespace wire = mortise::json;

constexpr std::size_t kMaxParts = 1024;  // of one answer

wire::Value textPart(std::string_view text) { return wire::object({{"text", validUtf8(text)}}); }

void addParts(const Message& message, wire::List& into) {
  if (message.role == Role::tool) {
    into.add(wire::object(
        {{"functionResponse", wire::object({{"name", message.toolName},
                                            {"response", wire::object({{"result", validUtf8(message.text)}})}})}}));
    return;
  }
  if (!message.text.empty()) into.add(textPart(message.text));
  for (const auto& call : message.toolCalls) {
    into.add(wire::object(
        {{"functionCall", wire::object({{"name", call.name}, {"args", wire::raw(objectOrEmpty(call.arguments))}})}}));
  }
}

const char* roleOf(const Message& message) { return message.role == Role::assistant ? "model" : "user"; }

wire::Value toolOf(const Tool& tool) {
  return wire::object({{"name", tool.name},
                       {"description", validUtf8(tool.description)},
                       {"parameters", wire::raw(objectOrEmpty(tool.parameters))}});
}

const char* nameOf(ToolChoice choice) {
  if (choice == ToolChoice::required) return "ANY";
  return choice == ToolChoice::none ? "NONE" : "AUTO";
}

Ending endingOf(std::string_view reason) {
  if (reason == "STOP") return Ending::stop;
  if (reason == "MAX_TOKENS") return Ending::length;
  for (const std::string_view filter : {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"}) {
    if (reason == filter) return Ending::filtered;
  }
  return Ending::other;
}

// Adds what one answer, or one event of a stream, says. True: it tells how the answer ended.
bool add(const Value& from, Answer& into, std::string& text) {
  if (memberOf(from, "error") != nullptr) unreadable("the model's server sent an error in place of an answer");
  if (const auto* usage = objectMember(from, "usageMetadata")) {
    into.usage = {tokensMember(*usage, "promptTokenCount"),
                  tokensMember(*usage, "candidatesTokenCount") + tokensMember(*usage, "thoughtsTokenCount")};
  }
  if (into.model.empty()) into.model = textMember(from, "modelVersion");
  const auto* feedback = objectMember(from, "promptFeedback");
  if (feedback != nullptr && !textMember(*feedback, "blockReason").empty()) {
    into.ending = Ending::filtered;  // the question was not answered at all
    return true;
  }
  const auto* candidates = listMember(from, "candidates");
  if (candidates == nullptr || candidates->Empty()) return false;
  const auto& candidate = (*candidates)[0];
  const auto* content = objectMember(candidate, "content");
  const auto* parts = content == nullptr ? nullptr : listMember(*content, "parts");
  if (parts != nullptr) {
    for (const auto& part : parts->GetArray()) {
      const auto* thought = memberOf(part, "thought");
      if (thought == nullptr || !thought->IsBool() || !thought->GetBool()) text.append(textMember(part, "text"));
      const auto* call = objectMember(part, "functionCall");
      if (call == nullptr) continue;
      if (into.toolCalls.size() >= kMaxParts) unreadable("the model calls too many functions");
      const auto* arguments = objectMember(*call, "args");
      // Calls have no id there: their place in the answer is one.
      into.toolCalls.push_back({"call_" + std::to_string(into.toolCalls.size()), std::string(textMember(*call, "name")),
                                arguments == nullptr ? "{}" : toText(*arguments)});
    }
  }
  const auto reason = textMember(candidate, "finishReason");
  if (reason.empty()) return false;
  into.ending = into.toolCalls.empty() ? endingOf(reason) : Ending::toolCalls;
  return true;
}

class Reader final : public StreamReader {
 public:
  void take(std::string_view data, std::string& text) override {
    rapidjson::Document event;
    if (!parseJson(data, event) || !event.IsObject()) unreadable("an event of the model's stream is no JSON object");
    const auto before = text.size();
    ended_ = add(event, answer_, text) || ended_;
    answer_.text.append(text, before);
  }

  Answer finish() override {
    if (!ended_) unreadable("the model's stream ended before its end");
    return std::move(answer_);
  }

 private:
  Answer answer_;
  bool ended_ = false;
};

class GenerateContent final : public WireForm {
 public:
  std::string url(const Endpoint& endpoint, const Question& question, bool streamed) const override {
    return endpoint.url + "/models/" + percentEncoded(question.model) +
           (streamed ? ":streamGenerateContent?alt=sse" : ":generateContent");
  }

  std::vector<std::pair<std::string, std::string>> headers(const Endpoint& endpoint) const override {
    return {{"x-goog-api-key", endpoint.apiKey}};
  }

  std::string body(const Question& question, bool) const override {
    wire::Object out;
    wire::List instructions;
    bool instructed = false;
    for (const auto& message : question.messages) {
      if (message.role != Role::system) continue;
      instructions.add(textPart(message.text));
      instructed = true;
    }
    if (instructed) out.add("systemInstruction", wire::object({{"parts", instructions}}));
    out.add("contents", byRole(question.messages, roleOf, "parts", addParts));
    wire::Object configuration;
    configuration.add("maxOutputTokens", question.maxTokens);
    if (question.temperature) configuration.add("temperature", *question.temperature);
    out.add("generationConfig", configuration);
    if (!question.tools.empty()) {
      const auto declarations = wire::object({{"functionDeclarations", wire::list(question.tools, toolOf)}});
      out.add("tools", wire::list({declarations}));
      out.add("toolConfig",
              wire::object({{"functionCallingConfig", wire::object({{"mode", nameOf(question.toolChoice)}})}}));
    }
    return out.build().text();
  }

  Answer read(const Value& answer) const override {
    Answer out;
    std::string text;
    if (!answer.IsObject() || !add(answer, out, text)) unreadable("the model's answer has no candidate that ended");
    out.text = std::move(text);
    return out;
  }

  std::unique_ptr<StreamReader> reader() const override { return std::make_unique<Reader>(); }
};

}  // namespace

const WireForm& generateContentForm() {
  static const GenerateContent form;
  return form;
}

}  // namespace mortise::inline sdk1::models
