// Language models: one client for the wires of OpenAI (chat completions, which most servers of models speak), Anthropic
// (messages) and Google (generateContent). Link MortiseSDK::models and name http_client/1 under needs.
//   const models::Client client(host.httpClient());
//   const auto endpoint = models::endpointFor({.model = "claude-sonnet-4", .apiKey = key});
//   const auto answer = client.ask(endpoint, {.model = "claude-sonnet-4", .messages = {models::user("Say hello.")}});
// Keys stand in a request's header and nowhere else: not in addresses, not in errors, not in notes for the log. What a
// model's server says in an error is not repeated either.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mortise/http_client.hpp"
#include "mortise/names.hpp"
#include "mortise/problem.hpp"

namespace mortise::inline sdk1::models {

// Who serves a model.
enum class Provider { anthropic, openai, google, openrouter };
constexpr auto mortiseNames(Provider) {
  return names<Provider>({{Provider::anthropic, "anthropic"},
                          {Provider::openai, "openai"},
                          {Provider::google, "google"},
                          {Provider::openrouter, "openrouter"}});
}
// By the model's name: claude-* Anthropic; gpt-*, o1*, o3*, o4* OpenAI; gemini-* Google; every other name, and one with
// a slash, OpenRouter. [any]
Provider providerOf(std::string_view model);
// Empty for a word that names none of them. [any]
std::optional<Provider> providerNamed(std::string_view name);
// Its name: "anthropic". [any]
std::string_view nameOf(Provider provider);
// Whether a model reasons before it answers, so that it takes no temperature. [any]
bool isReasoning(std::string_view model);

// Where the providers' APIs answer, without a slash at the end.
struct ProviderUrls {
  std::string anthropic = "https://api.anthropic.com/v1";
  std::string openai = "https://api.openai.com/v1";
  std::string google = "https://generativelanguage.googleapis.com/v1beta";
  std::string openrouter = "https://openrouter.ai/api/v1";
};

// Which model, where, and with what key: what a person or an operator sets.
struct Access {
  std::string model;
  std::string provider{};  // a name of Provider; empty: providerOf(model)
  std::string baseUrl{};   // not empty: a server that speaks chat completions, whatever the model is called
  std::string apiKey{};    // may be empty where a baseUrl is given
};

enum class Wire { chatCompletions, messages, generateContent };

struct Endpoint {
  Wire wire = Wire::chatCompletions;
  std::string url;  // without what the wire adds: https://api.openai.com/v1
  std::string apiKey{};
  bool publicOnly = false;  // HttpRequest::publicOnly: for addresses that users choose
};
// A baseUrl may end in /chat/completions, or in slashes. Problem 422 unknown_provider. [any]
Endpoint endpointFor(const Access& access, const ProviderUrls& urls = {});

enum class Role { system, user, assistant, tool };
constexpr auto mortiseNames(Role) {
  return names<Role>(
      {{Role::system, "system"}, {Role::user, "user"}, {Role::assistant, "assistant"}, {Role::tool, "tool"}});
}

// What the model wants done. `arguments` is the text of a JSON object as the model wrote it: check it before use.
struct ToolCall {
  std::string id;
  std::string name;
  std::string arguments;
};

struct Message {
  Role role = Role::user;
  std::string text;                   // bytes that are no UTF-8 are replaced when it is sent
  std::vector<ToolCall> toolCalls{};  // of an assistant
  std::string toolCallId{};           // of a tool: which call it answers
  std::string toolName{};             // of a tool: the function's name, which Google wants to read again
  // Of an assistant: Answer::reasoning, for servers of chat completions that want to read it again while the model calls
  // functions. Empty: not sent.
  std::string reasoning{};
};
inline Message system(std::string text) { return {.role = Role::system, .text = std::move(text)}; }
inline Message user(std::string text) { return {.role = Role::user, .text = std::move(text)}; }
inline Message assistant(std::string text, std::vector<ToolCall> calls = {}) {
  return {.role = Role::assistant, .text = std::move(text), .toolCalls = std::move(calls)};
}
inline Message toolResult(const ToolCall& call, std::string text) {
  return {.role = Role::tool, .text = std::move(text), .toolCallId = call.id, .toolName = call.name};
}

// A function that the model may ask for. `parameters`: JSON Schema of its arguments, the text of an object.
struct Tool {
  std::string name;
  std::string description;
  std::string parameters = R"({"type":"object","properties":{}})";
};
enum class ToolChoice { automatic, required, none };

struct Question {
  std::string model;
  std::vector<Message> messages;
  std::vector<Tool> tools{};
  ToolChoice toolChoice = ToolChoice::automatic;
  std::int64_t maxTokens = 4096;        // of the answer
  std::optional<double> temperature{};  // not sent to a model that reasons
  // The answer is to be one JSON object (response_format of chat completions; other wires are not told). A server that
  // answers 400 to this, or to toolChoice, is asked once more without them.
  bool jsonAnswer = false;
  // The limit goes out as max_tokens: many servers of chat completions do not know max_completion_tokens.
  bool olderLimit = false;
  std::string reasoningEffort = "medium";  // low, medium, high: sent to OpenAI's models that reason, and to no others
  std::chrono::milliseconds timeout{120000};      // of everything: tries, and the pauses between them
  std::chrono::milliseconds idleTimeout{120000};  // no byte for that long
  int tries = 3;                                  // how often it is sent while the answer is 429, 503 or 529
  std::chrono::milliseconds maxPause{10000};  // a server that asks (Retry-After) for more than this is not asked again
  std::uint64_t maxAnswer = 8U << 20;         // bytes on the wire
  // When set, asked about once a second and between tries; true ends the call (Error stopped):
  //   .stopped = [&] { return request.expired(); }
  std::function<bool()> stopped{};
};

// Tokens; 0 where the server does not tell.
struct Usage {
  std::int64_t inputTokens = 0;
  std::int64_t outputTokens = 0;
};

enum class Ending {
  stop,       // it said all it wanted
  length,     // maxTokens ended it
  toolCalls,  // it waits for what it asked for
  filtered,   // the provider's filter ended it
  other,
};

struct Answer {
  std::string text{};
  std::string reasoning{};  // what a server of chat completions tells of it beside the text
  std::vector<ToolCall> toolCalls{};
  Ending ending = Ending::stop;
  Usage usage{};
  std::string model{};  // as the server names it; may be empty
};

// One model that a server offers.
struct Offer {
  std::string id;
  std::string ownedBy;  // may be empty
};

// Why there is no answer. Left alone it becomes, at the edge, 504 model_timed_out, 503 model_busy (with Retry-After), or
// 502 model_failed.
class Error : public Problem {
 public:
  enum class Cause {
    addressRefused,  // this server may not connect there
    denied,          // 401, 403: the key is not taken
    rejected,        // another 4xx: the model, the address or the question is wrong
    busy,            // 429, 503 or 529, and again each time
    unavailable,     // no connection, or another 5xx
    timedOut,
    unreadable,  // not what the wire promises: HTML, nonsense, a stream that was cut; or an error in place of an answer
    tooLarge,
    stopped,         // Question::stopped said so, or the receiver of a stream
    contextTooLong,  // the question has more tokens than the model takes
  };
  // `httpStatus`: 0 when there was no response. `note`: for the log; holds no secret.
  Error(Cause cause, std::string note, int httpStatus = 0, int retryAfterSeconds = 0);
  Cause cause() const noexcept { return cause_; }
  int httpStatus() const noexcept { return httpStatus_; }

 private:
  Cause cause_;
  int httpStatus_;
};

// Copy it freely: what is asked shares nothing. Any number of threads may use one. Every function blocks until the
// exchange is over, follows no redirect, and throws Error. [worker] [start]
class Client {
 public:
  explicit Client(HttpClient http) noexcept : http_(http) {}

  // The whole answer at once.
  Answer ask(const Endpoint& endpoint, const Question& question) const;
  // The same while it is written: `onText` gets each piece of its text, on this thread; false stops it. Once a piece
  // was handed out nothing is tried again. Tool calls are in the answer, whole.
  Answer stream(const Endpoint& endpoint, const Question& question,
                const std::function<bool(std::string_view piece)>& onText) const;
  // What a server of chat completions offers, at <url>/models or, where that is 404, at <url>/v1/models (or without the
  // /v1). At most 1000.
  std::vector<Offer> offers(const Endpoint& endpoint, std::chrono::milliseconds timeout,
                            const std::function<bool()>& stopped = {}) const;

 private:
  HttpClient http_;
};

}  // namespace mortise::inline sdk1::models
