#include "mcp/client.hpp"

#include <mortise/ascii.hpp>
#include <mortise/characters.hpp>

#include <algorithm>
#include <array>
#include <set>

#include "json_reading.hpp"
#include "web_text.hpp"

namespace agent::mcp {
namespace {

namespace json = mortise::json;
namespace models = mortise::models;
using Cause = Failure::Cause;
using std::chrono::milliseconds;

constexpr milliseconds kPatience{3000};  // for an answer in the newer form, before the older one is tried
constexpr std::string_view kModern = "2026-07-28";
constexpr std::string_view kNewestLegacy = "2025-11-25";
constexpr std::array<std::string_view, 4> kLegacy = {"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"};
constexpr std::int64_t kHeaderMismatch = -32020, kMissingCapability = -32021, kUnsupportedVersion = -32022;
constexpr std::int64_t kUnknownMethod = -32601, kInvalidParams = -32602;
constexpr int kMaxPages = 64;
constexpr std::size_t kMaxTools = 512;
constexpr std::size_t kMaxName = 256;
constexpr std::size_t kMaxSchema = 64 << 10;
constexpr int kMaxRounds = 10;  // of input that one call asks for
constexpr milliseconds kForNotices{1000};

bool isLegacy(std::string_view version) { return std::find(kLegacy.begin(), kLegacy.end(), version) != kLegacy.end(); }

bool holds(const rapidjson::Value* list, std::string_view text) {
  return list != nullptr && std::any_of(list->Begin(), list->End(), [&](const rapidjson::Value& one) {
           return one.IsString() && text == std::string_view(one.GetString(), one.GetStringLength());
         });
}
bool holdsLegacy(const rapidjson::Value* list) {
  return std::any_of(kLegacy.begin(), kLegacy.end(), [&](auto version) { return holds(list, version); });
}

json::Value identity(std::string_view version) { return json::object({{"name", "mortise"}, {"version", version}}); }

// Reads the marks `x-mcp-header` of a schema. False: they break the rules, and the tool can't be offered.
bool readHeaderArguments(const rapidjson::Value& schema, Tool& tool) {
  const auto* properties = models::objectMember(schema, "properties");
  if (properties == nullptr) return true;
  std::set<std::string> names;
  for (const auto& property : properties->GetObject()) {
    const auto* mark = models::memberOf(property.value, "x-mcp-header");
    if (mark == nullptr) continue;
    const auto type = models::textMember(property.value, "type");
    if (!mark->IsString() || (type != "string" && type != "integer" && type != "boolean")) return false;
    const std::string name(mark->GetString(), mark->GetStringLength());
    if (!isToken(name) || name.size() > 64 || !names.insert(mortise::asciiLowerCase(name)).second) return false;
    tool.headerArguments.emplace_back(std::string(property.name.GetString(), property.name.GetStringLength()),
                                      "Mcp-Param-" + name);
  }
  return true;
}

std::optional<Tool> toolOf(const rapidjson::Value& value) {
  Tool tool;
  tool.name = models::textMember(value, "name");
  if (tool.name.empty() || tool.name.size() > kMaxName) return std::nullopt;
  tool.description = models::textMember(value, "description");
  if (tool.description.empty()) tool.description = models::textMember(value, "title");
  if (const auto* schema = models::objectMember(value, "inputSchema")) {
    tool.inputSchema = models::toText(*schema);
    if (tool.inputSchema.size() > kMaxSchema || !readHeaderArguments(*schema, tool)) return std::nullopt;
  }
  return tool;
}

std::vector<std::pair<std::string, std::string>> headersOf(const Tool& tool, std::string_view arguments) {
  std::vector<std::pair<std::string, std::string>> out;
  rapidjson::Document document;
  if (tool.headerArguments.empty() || !models::parseJson(arguments, document)) return out;
  for (const auto& [argument, header] : tool.headerArguments) {
    const auto* value = models::memberOf(document, argument.c_str());
    if (value == nullptr || value->IsNull()) continue;
    out.emplace_back(
        header, value->IsString() ? std::string(value->GetString(), value->GetStringLength()) : models::toText(*value));
  }
  return out;
}

std::string progressText(const rapidjson::Value& params) {
  if (const auto message = models::textMember(params, "message"); !message.empty())
    return std::string(mortise::firstBytes(message, 2000));
  const auto* done = models::memberOf(params, "progress");
  const auto* total = models::memberOf(params, "total");
  if (done == nullptr || !done->IsNumber()) return {};
  auto out = models::toText(*done);
  if (total != nullptr && total->IsNumber()) out.append("/").append(models::toText(*total));
  return out;
}

// Whether a server that answered so to the newer form may understand the older one.
bool mayBeLegacy(const Failure& failure) {
  switch (failure.cause()) {
    case Cause::refused:
      return failure.code() != kHeaderMismatch && failure.code() != kMissingCapability;
    case Cause::unreachable:
      return failure.httpStatus() != 0;
    case Cause::timedOut:
    case Cause::gone:
    case Cause::unreadable:
      return true;
    default:
      return false;
  }
}

// The session is over, and what was asked was not done.
bool isForgotten(const Failure& failure) { return failure.cause() == Cause::gone && failure.httpStatus() == 404; }

bool saysNoSuchPlace(const Failure& failure) {
  return failure.httpStatus() == 400 || failure.httpStatus() == 404 || failure.httpStatus() == 405;
}

}  // namespace

Client::Client(std::unique_ptr<Connector> connector, std::string version, Questions questions)
    : connector_(std::move(connector)), ownVersion_(std::move(version)), questions_(questions) {}

Client::~Client() = default;

void Client::open(const Waiting& waiting) {
  if (connector_->isOfFirstRevision()) {
    transport_ = connector_->connectToFirstRevision();
    return openLegacy(waiting);
  }
  if (!openAsKnown(waiting)) connector_->setForm(find(waiting));
}

// In the older forms only: the newer one is asked for first of all anyway.
bool Client::openAsKnown(const Waiting& waiting) {
  const auto form = connector_->form();
  if (!form || *form == Form::modern) return false;
  transport_ = *form == Form::legacy ? connector_->connect() : connector_->connectToFirstRevision();
  if (!transport_) return false;
  try {
    openLegacy(waiting);
    return true;
  } catch (const Failure& failure) {
    if (!mayBeLegacy(failure)) throw;
    connector_->setForm(std::nullopt);
    waiting.check();
  }
  return false;
}

Form Client::find(const Waiting& waiting) {
  transport_ = connector_->connect();
  if (tryModern(waiting)) return Form::modern;
  waiting.check();
  try {
    openLegacy(waiting);
    return Form::legacy;
  } catch (const Failure& failure) {
    // It was slow to begin, and knows the newer form only.
    if (failure.code() == kUnsupportedVersion && tryModern(waiting)) return Form::modern;
    if (!saysNoSuchPlace(failure)) throw;
    auto first = connector_->connectToFirstRevision();
    if (!first) throw;
    transport_ = std::move(first);
    openLegacy(waiting);
    return Form::firstRevision;
  }
}

bool Client::tryModern(const Waiting& waiting) {
  era_ = Era::modern;
  version_ = kModern;
  transport_->speak(era_, version_);
  try {
    CallHelp none;
    auto soon = waiting.within(kPatience);
    const auto answer = ask("server/discover", "", "", none, soon);
    const auto* supported = models::listMember(answer.value, "supportedVersions");
    if (holds(supported, kModern)) return true;
    if (supported != nullptr && !holdsLegacy(supported))
      throw Failure(Cause::forbidden, "it speaks no revision of MCP that is known here");
  } catch (const Failure& failure) {
    if (failure.cause() == Cause::timedOut) waiting.check();
    if (!mayBeLegacy(failure)) throw;
    if (failure.code() == kUnsupportedVersion) {
      rapidjson::Document data;
      if (models::parseJson(failure.data(), data) && !holdsLegacy(models::listMember(data, "supported")))
        throw Failure(Cause::forbidden, "it speaks no revision of MCP that is known here");
    }
    // Some servers end when they are asked for what they do not know.
    if (failure.cause() == Cause::gone) {
      transport_.reset();
      transport_ = connector_->connect();
    }
  }
  return false;
}

void Client::openLegacy(const Waiting& waiting) {
  era_ = Era::legacy;
  version_.clear();
  transport_->speak(era_, version_);
  std::string members = R"("protocolVersion":)" + json::quoted(kNewestLegacy) + R"(,"capabilities":)" +
                        capabilities().text() + R"(,"clientInfo":)" + identity(ownVersion_).text();
  CallHelp none;
  auto own = waiting;
  const auto answer = ask("initialize", members, "", none, own);
  const std::string chosen(models::textMember(answer.value, "protocolVersion"));
  if (!isLegacy(chosen)) throw Failure(Cause::forbidden, "it speaks no revision of MCP that is known here");
  version_ = chosen;
  transport_->speak(era_, version_);
  notify("notifications/initialized", json::object(), waiting);
  if (questions_ == Questions::heard) transport_->listen();
}

void Client::reopen(const Waiting& waiting) {
  transport_.reset();
  changed_ = true;
  try {
    open(waiting);
  } catch (...) {
    drop();  // what is open by half has no session, and would be asked as if it had
    throw;
  }
}

// The next question begins anew.
void Client::drop() {
  if (transport_) lastWords_ = transport_->lastWords();
  transport_.reset();
}

json::Value Client::capabilities() const {
  return questions_ != Questions::none ? json::object({{"elicitation", json::object()}}) : json::object();
}

json::Value Client::withMeta(std::string_view members, std::string_view token) const {
  json::Object meta;
  if (era_ == Era::modern)
    meta.add("io.modelcontextprotocol/protocolVersion", version_)
        .add("io.modelcontextprotocol/clientInfo", identity(ownVersion_))
        .add("io.modelcontextprotocol/clientCapabilities", capabilities());
  if (!token.empty()) meta.add("progressToken", json::raw(std::string(token)));
  std::string out = "{" + std::string(members);
  if (era_ == Era::modern || !token.empty()) {
    if (!members.empty()) out.push_back(',');
    out.append(R"("_meta":)").append(meta.build().text());
  }
  return json::raw(out + "}");
}

Client::Answer Client::ask(std::string_view method, std::string_view members, std::string_view name,
                           const CallHelp& help, Waiting& waiting,
                           std::vector<std::pair<std::string, std::string>> headers) {
  const auto id = ++lastId_;
  const auto token = help.progress ? std::to_string(id) : std::string();
  Outgoing message;
  message.text = requestText(id, method, withMeta(members, token));
  message.method = method;
  message.name = name;
  message.headers = std::move(headers);
  transport_->send(message, waiting);
  try {
    for (;;) {
      if (auto answer = awaited(id, help, waiting)) {
        transport_->settle(waiting);
        return *std::move(answer);
      }
    }
  } catch (const Failure& failure) {
    if (failure.cause() == Cause::timedOut || failure.cause() == Cause::stopped) cancel(id);
    transport_->settle(waiting);
    throw;
  }
}

// The next batch of messages; the answer, if it holds it.
std::optional<Client::Answer> Client::awaited(std::int64_t id, const CallHelp& help, Waiting& waiting) {
  auto batch = std::make_unique<Batch>();
  if (!batch->read(transport_->receive(waiting)))
    throw Failure(Cause::unreadable, "it sent something that is no message of MCP");
  Incoming* answer = nullptr;
  for (auto& message : batch->messages()) {
    const bool forNobody = message.kind == Incoming::Kind::error && (message.id.empty() || message.id == "null");
    if (message.answers(id) || forNobody) {
      answer = &message;
    } else {
      handle(message, id, help, waiting);
    }
  }
  if (answer == nullptr) return std::nullopt;
  if (answer->kind == Incoming::Kind::error)
    throw Failure::refused(answer->code(), std::string(mortise::firstBytes(answer->message(), 2000)), answer->data(),
                           0);
  if (!answer->body.IsObject()) throw Failure(Cause::unreadable, "its answer has no result");
  return Answer{std::move(batch), std::move(answer->body)};
}

void Client::handle(Incoming& message, std::int64_t id, const CallHelp& help, Waiting& waiting) {
  if (message.kind == Incoming::Kind::notification) {
    if (message.method == "notifications/tools/list_changed") {
      changed_ = true;
    } else if (message.method == "notifications/progress" && help.progress) {
      const auto* token = models::memberOf(message.body, "progressToken");
      const auto text = progressText(message.body);
      if (token != nullptr && models::toText(*token) == std::to_string(id) && !text.empty()) help.progress(text);
    }
    return;
  }
  if (message.kind != Incoming::Kind::request) return;
  Outgoing answer;
  answer.kind = Outgoing::Kind::response;
  if (message.method == "ping") {
    answer.text = resultText(message.id, json::object());
  } else if (message.method == "roots/list") {
    answer.text = resultText(message.id, json::object({{"roots", json::list()}}));
  } else if (message.method == "elicitation/create" && questions_ != Questions::none && !isForm(message.body)) {
    answer.text = errorText(message.id, kInvalidParams, "Only forms are filled in here");
  } else if (message.method == "elicitation/create" && questions_ != Questions::none) {
    const auto before = Waiting::Clock::now();
    answer.text = resultText(message.id, elicited(message.body, help.asking));
    waiting.end += Waiting::Clock::now() - before;
  } else {
    answer.text = errorText(message.id, kUnknownMethod, "Method not found");
  }
  transport_->send(answer, waiting);
}

void Client::notify(std::string_view method, const json::Value& params, const Waiting& waiting) {
  Outgoing message;
  message.kind = Outgoing::Kind::notification;
  message.text = notificationText(method, params);
  message.method = method;
  transport_->send(message, waiting);
}

void Client::cancel(std::int64_t id) {
  if (transport_->cancelsBySettling()) return;
  try {
    notify("notifications/cancelled", json::object({{"requestId", id}, {"reason", "nobody waits for it any more"}}),
           Waiting::atMost(kForNotices));
  } catch (const Failure&) {
    // It finds out when it answers.
  }
}

std::vector<Tool> Client::tools(const Waiting& waiting) {
  if (!transport_) reopen(waiting);
  try {
    return toolsOnce(waiting);
  } catch (const Failure& failure) {
    if (!isForgotten(failure)) throw;
  }
  reopen(waiting);
  return toolsOnce(waiting);
}

std::vector<Tool> Client::toolsOnce(const Waiting& waiting) {
  std::vector<Tool> out;
  std::set<std::string, std::less<>> cursors;
  std::string members;
  CallHelp none;
  auto own = waiting;
  changed_ = false;
  staleAt_.reset();
  for (int page = 0; page < kMaxPages && out.size() < kMaxTools; ++page) {
    std::optional<Answer> answer;
    try {
      answer = ask("tools/list", members, "", none, own);
    } catch (const Failure& failure) {
      if (failure.code() == kUnknownMethod) return out;
      throw;
    }
    if (const auto* list = models::listMember(answer->value, "tools")) {
      for (const auto& one : list->GetArray()) {
        if (auto tool = toolOf(one); tool && out.size() < kMaxTools) out.push_back(*std::move(tool));
      }
    }
    if (const auto ttl = models::integerMember(answer->value, "ttlMs"); era_ == Era::modern && ttl > 0)
      staleAt_ = Waiting::Clock::now() + milliseconds(std::clamp<std::int64_t>(ttl, 1000, 86'400'000));
    const std::string cursor(models::textMember(answer->value, "nextCursor"));
    if (cursor.empty() || !cursors.insert(cursor).second) break;
    members = R"("cursor":)" + json::quoted(cursor);
  }
  return out;
}

bool Client::toolsChanged() {
  const bool stale = staleAt_ && Waiting::Clock::now() >= *staleAt_;
  if (stale) staleAt_.reset();
  return std::exchange(changed_, false) || stale;
}

std::string Client::takeLastWords() {
  if (transport_) lastWords_ = transport_->lastWords();
  return models::validUtf8(std::exchange(lastWords_, {}));
}

CallResult Client::call(const Tool& tool, std::string_view arguments, const CallHelp& help, Waiting waiting) {
  if (!transport_) reopen(waiting);
  try {
    return callOnce(tool, arguments, help, waiting);
  } catch (const Failure& failure) {
    const bool forgotten = isForgotten(failure);
    const bool otherEra = failure.code() == kUnsupportedVersion;
    if (failure.cause() == Cause::gone && !forgotten) drop();  // this call may have done something
    if (!forgotten && !otherEra) throw;
  }
  // It did nothing: it knew the session, or the revision, no more.
  reopen(waiting);
  return callOnce(tool, arguments, help, waiting);
}

CallResult Client::callOnce(const Tool& tool, std::string_view arguments, const CallHelp& help, Waiting& waiting) {
  const std::string call = R"("name":)" + json::quoted(tool.name) + R"(,"arguments":)" + std::string(arguments);
  std::string members = call;
  const auto headers = era_ == Era::modern ? headersOf(tool, arguments) : decltype(headersOf(tool, arguments))();
  for (int round = 0; round < kMaxRounds; ++round) {
    const auto answer = ask("tools/call", members, tool.name, help, waiting, headers);
    const auto type = models::textMember(answer.value, "resultType");
    if (type.empty() || type == "complete") return {models::toText(answer.value)};
    const auto* requests = models::objectMember(answer.value, "inputRequests");
    if (type != "input_required") throw Failure(Cause::unreadable, "its result is of an unknown type");
    const auto before = Waiting::Clock::now();
    members = call;
    if (requests != nullptr) members += R"(,"inputResponses":)" + inputResponses(*requests, help.asking).text();
    waiting.end += Waiting::Clock::now() - before;
    waiting.check();
    if (const auto* state = models::memberOf(answer.value, "requestState"))
      members += R"(,"requestState":)" + models::toText(*state);
  }
  throw Failure(Cause::unreadable, "it asks for more and more input");
}

}  // namespace agent::mcp
