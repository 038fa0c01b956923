#include "a2a/client.hpp"

#include <mortise/ascii.hpp>
#include <mortise/characters.hpp>
#include <mortise/json.hpp>
#include <mortise/uuid.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "json_reading.hpp"
#include "mcp/http_exchange.hpp"
#include "mcp/http_transport.hpp"
#include "mcp/message.hpp"
#include "web_text.hpp"

namespace agent::a2a {
namespace {

namespace json = mortise::json;
namespace models = mortise::models;
using mcp::Failure;
using mcp::Waiting;
using Cause = Failure::Cause;
using std::chrono::milliseconds;

constexpr std::size_t kMaxReply = std::size_t{8} << 20;
constexpr milliseconds kFirstPause{500};
constexpr milliseconds kMaxPause{5000};
constexpr milliseconds kGoodbye{2000};
constexpr std::int64_t kUnknownMethod = -32601, kUnsupported = -32004;

// A state without the newer generation's prefix: "completed", "input_required".
std::string stateOf(const rapidjson::Value& task) {
  const auto* status = models::objectMember(task, "status");
  if (status == nullptr) return {};
  auto state = mortise::asciiLowerCase(models::textMember(*status, "state"));
  constexpr std::string_view kPrefix = "task_state_";
  if (state.starts_with(kPrefix)) state.erase(0, kPrefix.size());
  std::replace(state.begin(), state.end(), '-', '_');
  return state;
}

bool hasFailed(std::string_view state) { return state == "failed" || state == "rejected" || state == "canceled"; }
// Nothing more comes by itself.
bool isOver(std::string_view state) {
  return state == "completed" || state == "input_required" || state == "auth_required" || hasFailed(state);
}

std::string textOfParts(const rapidjson::Value& message) {
  std::string out;
  const auto* parts = models::listMember(message, "parts");
  if (parts == nullptr) return out;
  for (const auto& part : parts->GetArray()) {
    const auto text = models::textMember(part, "text");
    if (text.empty()) continue;
    if (!out.empty()) out.push_back('\n');
    out.append(text);
  }
  return out;
}

std::string textOfStatus(const rapidjson::Value& holder) {
  const auto* status = models::objectMember(holder, "status");
  const auto* message = status == nullptr ? nullptr : models::objectMember(*status, "message");
  return message == nullptr ? std::string() : textOfParts(*message);
}

// The task of a result, or null: the result itself of 0.3, a member of 1.0.
const rapidjson::Value* taskIn(const rapidjson::Value& result) {
  if (const auto* task = models::objectMember(result, "task")) return task;
  const bool isTask = models::textMember(result, "kind") == "task" ||
                      (models::objectMember(result, "status") != nullptr && !models::textMember(result, "id").empty());
  return isTask ? &result : nullptr;
}

// One question with what became of it.
class Asking {
 public:
  Asking(const mortise::HttpClient& http, const AgentCard& card, const std::string& baseUrl, const Waiting& waiting,
         const std::function<void(std::string_view)>& progress)
      : http_(http), card_(card), waiting_(waiting), progress_(progress) {
    const mcp::HttpPlace base(baseUrl, {});
    mcp::HttpPlace own(card.url, {});
    url_ = own.url;
    headers_ = own.headers;
    isForeign_ = originOf(url_) != originOf(base.url);
    if (headers_.empty() && !isForeign_) headers_ = base.headers;
    headers_.emplace_back("Content-Type", "application/json");
    if (isNew()) headers_.emplace_back("A2A-Version", "1.0");
  }

  ToolResult run(std::string_view query) {
    try {
      const auto params = json::object({{"message", messageOf(query)}});
      if (!card_.streaming || !streamed(params)) take(post(isNew() ? "SendMessage" : "message/send", params, waiting_));
      untilOver();
      return result();
    } catch (const Failure& failure) {
      if (failure.cause() == Cause::timedOut || failure.cause() == Cause::stopped) cancelTask();
      return agent::failure("The remote agent failed: " + failure.text());
    }
  }

 private:
  bool isNew() const { return card_.generation == Generation::one; }

  json::Value messageOf(std::string_view query) const {
    if (isNew())
      return json::object({{"messageId", mortise::makeUuid()},
                           {"role", "ROLE_USER"},
                           {"parts", json::list({json::object({{"text", query}})})}});
    return json::object({{"kind", "message"},
                         {"messageId", mortise::makeUuid()},
                         {"role", "user"},
                         {"parts", json::list({json::object({{"kind", "text"}, {"text", query}})})}});
  }

  std::unique_ptr<mcp::HttpExchange> sent(std::string_view method, const json::Value& params, bool stream) {
    mortise::HttpRequest request;
    request.url = url_;
    request.publicOnly = isForeign_;  // the agent chose the address, no administrator
    request.method = "POST";
    request.headers = headers_;
    request.headers.emplace_back("Accept", stream ? "text/event-stream, application/json" : "application/json");
    request.body = mcp::requestText(++lastId_, method, params);
    request.timeout = milliseconds(-1);  // what waits for it bounds it
    request.idleTimeout = std::chrono::hours(1);
    return std::make_unique<mcp::HttpExchange>(http_, std::move(request), kMaxReply);
  }

  std::string post(std::string_view method, const json::Value& params, const Waiting& waiting) {
    const auto exchange = sent(method, params, false);
    std::string last;
    while (auto event = exchange->next(waiting)) last = std::move(event->data);
    const auto& response = exchange->response();
    if (response.status < 200 || response.status >= 300) throw mcp::failureOfResponse(response, exchange->body());
    return last.empty() ? exchange->body() : last;
  }

  // Keeps a reply. Throws what it says went wrong.
  void take(std::string text) {
    mcp::Batch batch;
    if (!batch.read(text) || batch.messages().empty()) throw Failure(Cause::unreadable, "its reply can't be read");
    auto& message = batch.messages().front();
    if (message.kind == mcp::Incoming::Kind::error)
      throw Failure::refused(message.code(), std::string(mortise::firstBytes(message.message(), 2000)), message.data(),
                             0);
    if (message.kind != mcp::Incoming::Kind::result) throw Failure(Cause::unreadable, "its reply has no result");
    reply_ = std::move(text);
    if (const auto* task = taskIn(message.body)) {
      taskId_ = models::textMember(*task, "id");
      state_ = stateOf(*task);
      statusText_ = textOfStatus(*task);
    } else {
      state_ = "completed";  // a message is an answer
    }
  }

  // False: it does not stream after all, and has done nothing.
  bool streamed(const json::Value& params) {
    const auto exchange = sent(isNew() ? "SendStreamingMessage" : "message/stream", params, true);
    bool any = false;
    while (auto event = exchange->next(waiting_)) {
      try {
        takeEvent(event->data);
        any = true;
      } catch (const Failure& failure) {
        if (!any && (failure.code() == kUnsupported || failure.code() == kUnknownMethod)) return false;
        throw;
      }
      if (isOver(state_)) break;
    }
    if (!any) {
      const auto& response = exchange->response();
      if (response.status == 404 || response.status == 405 || response.status == 501) return false;
      if (response.status < 200 || response.status >= 300) throw mcp::failureOfResponse(response, exchange->body());
      try {
        take(exchange->body());
      } catch (const Failure& failure) {
        if (failure.code() == kUnsupported || failure.code() == kUnknownMethod) return false;
        throw;
      }
      return true;
    }
    exchange->stop();
    if (isMessage_) return true;
    if (taskId_.empty()) throw Failure(Cause::unreadable, "its stream named no task");
    fetchTask(waiting_);  // its artifacts came in pieces
    return true;
  }

  void takeEvent(const std::string& text) {
    mcp::Batch batch;
    if (!batch.read(text) || batch.messages().empty()) return;
    auto& message = batch.messages().front();
    if (message.kind == mcp::Incoming::Kind::error)
      throw Failure::refused(message.code(), std::string(mortise::firstBytes(message.message(), 2000)), message.data(),
                             0);
    const auto& result = message.body;
    const auto kind = models::textMember(result, "kind");
    if (const auto* task = taskIn(result)) {
      taskId_ = models::textMember(*task, "id");
      state_ = stateOf(*task);
      tell(textOfStatus(*task));
      return;
    }
    if (const auto* answer = models::objectMember(result, "message"); answer != nullptr || kind == "message") {
      isMessage_ = true;
      state_ = "completed";
      reply_ = text;
      return;
    }
    const auto* update = models::objectMember(result, "statusUpdate");
    if (update == nullptr && kind == "status-update") update = &result;
    const auto* piece = models::objectMember(result, "artifactUpdate");
    if (piece == nullptr && kind == "artifact-update") piece = &result;
    if (update != nullptr) {
      taskId_ = models::textMember(*update, "taskId");
      state_ = stateOf(*update);
      tell(textOfStatus(*update));
    } else if (piece != nullptr) {
      taskId_ = models::textMember(*piece, "taskId");
    }
  }

  void tell(const std::string& text) const {
    if (progress_ && !text.empty()) progress_(mortise::firstBytes(text, 2000));
  }

  void fetchTask(const Waiting& waiting) {
    take(post(isNew() ? "GetTask" : "tasks/get", json::object({{"id", taskId_}}), waiting));
  }

  void untilOver() {
    for (auto pause = kFirstPause; !isOver(state_) && !taskId_.empty(); pause = std::min(pause * 2, kMaxPause)) {
      for (const auto until = Waiting::Clock::now() + pause; Waiting::Clock::now() < until;) {
        waiting_.check();
        std::this_thread::sleep_for(waiting_.within(pause).slice());
      }
      const auto before = statusText_;
      fetchTask(waiting_);
      if (statusText_ != before) tell(statusText_);
    }
  }

  void cancelTask() {
    if (taskId_.empty()) return;
    try {
      post(isNew() ? "CancelTask" : "tasks/cancel", json::object({{"id", taskId_}}), Waiting::atMost(kGoodbye));
    } catch (const Failure&) {
      // It runs to its end, unseen.
    }
  }

  ToolResult result() const {
    ToolResult out;
    out.success = !hasFailed(state_);
    if (!out.success) out.message = statusText_.empty() ? "The remote agent's task is " + state_ : statusText_;
    rapidjson::Document document;  // one line, whatever the server's spacing
    out.data = models::parseJson(reply_, document) ? models::toText(document) : "null";
    out.content = json::object({{"a2a_result", json::raw(out.data)}}).text();
    return out;
  }

  const mortise::HttpClient& http_;
  const AgentCard& card_;
  const Waiting& waiting_;
  const std::function<void(std::string_view)>& progress_;
  std::string url_;
  bool isForeign_ = false;  // of another origin than the one that was set up
  std::vector<std::pair<std::string, std::string>> headers_;
  std::int64_t lastId_ = 0;
  std::string reply_;
  std::string taskId_;
  std::string state_;
  std::string statusText_;
  bool isMessage_ = false;
};

}  // namespace

Client::Client(const mortise::HttpClient& http, AgentCard card, std::string baseUrl)
    : http_(http), card_(std::move(card)), baseUrl_(std::move(baseUrl)) {}

ToolResult Client::ask(std::string_view query, const Waiting& waiting,
                       const std::function<void(std::string_view text)>& progress) const {
  if (card_.url.empty()) return failure("The remote agent names no address at which JSON-RPC is spoken");
  return Asking(http_, card_, baseUrl_, waiting, progress).run(query);
}

}  // namespace agent::a2a
