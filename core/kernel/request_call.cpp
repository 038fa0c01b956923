#include "core/kernel/request_call.hpp"

#include <algorithm>
#include <map>

#include "core/base/text.hpp"
#include "core/contract/parameters.hpp"
#include "core/contract/schema.hpp"
#include "core/http/cookies.hpp"
#include "core/kernel/content_disposition.hpp"
#include "core/kernel/websocket_refusal.hpp"

namespace mortise::kernel {

namespace {

constexpr std::string_view kForm = "application/x-www-form-urlencoded";

mortise_str borrowed(const std::string& text) { return {text.data(), text.size()}; }

contract::In inFrom(mortise_in in) {
  switch (in) {
    case MORTISE_IN_PATH:
      return contract::In::path;
    case MORTISE_IN_HEADER:
      return contract::In::header;
    default:
      return contract::In::query;
  }
}

// Media type without parameters, lower case.
std::string mediaType(std::string_view contentType) {
  return text::lower(text::trim(contentType.substr(0, contentType.find(';'))));
}

bool isJson(const std::string& type) { return type == "application/json" || type.ends_with("+json"); }

// In these families clients send wrong or no content types: only the parsing of the body decides.
bool ignoresContentType(const contract::Operation& operation) {
  return operation.body.lenient || operation.conventions.family->anyContentType;
}

// More than any form has: each costs a hundred times its bytes.
constexpr std::size_t kMaxPairs = 5000;

// No parameter can be read from it.
constexpr std::string_view kUnreadable("\0", 1);

// name=value&name=value of a query or a form; `where` names it in the Problem 400. A value that can't be decoded is
// refused, or kUnreadable where that is `lenient`.
std::vector<std::pair<std::string, std::string>> decodedPairs(std::string_view encoded, const char* where,
                                                              bool lenient = false) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!encoded.empty()) {
    const auto piece = encoded.substr(0, encoded.find('&'));
    encoded.remove_prefix(std::min(encoded.size(), piece.size() + 1));
    if (piece.empty()) continue;
    if (pairs.size() == kMaxPairs)
      throw Problem(400, "bad_request").field({where}, "too_long", {{"max_length", std::to_string(kMaxPairs)}});
    const auto equals = piece.find('=');
    auto name = text::percentDecode(piece.substr(0, equals), true);
    auto value =
        text::percentDecode(equals == std::string_view::npos ? std::string_view{} : piece.substr(equals + 1), true);
    if (lenient && !name) continue;  // it is no parameter's
    if (lenient && !value) value = std::string(kUnreadable);
    if (!name || !value)
      throw Problem(400, "bad_request").field({where}, "bad_encoding").note("it can't be percent-decoded");
    pairs.emplace_back(std::move(*name), std::move(*value));
  }
  return pairs;
}

bool takesForm(const contract::Operation& operation) {
  const auto& types = operation.body.mediaTypes;
  return std::find(types.begin(), types.end(), kForm) != types.end();
}

}  // namespace

const contract::Conventions* conventionsFor(const contract::Match& match, const http::Fields& fields) {
  if (!match.operation || !match.operation->cookieConventions || fields.find("Authorization") != nullptr)
    return match.conventions;
  const bool withCookie = !http::cookieFrom(fields, identity::CookieSessions::kName).empty();
  return withCookie ? &*match.operation->cookieConventions : match.conventions;
}

RequestCall::RequestCall(const Answering& answering, http::ExchangePtr exchange, contract::Match match,
                         std::string address)
    : answering_(answering), exchange_(std::move(exchange)), match_(std::move(match)), address_(std::move(address)) {
  principalView_.struct_size = sizeof principalView_;
  match_.conventions = conventionsFor(match_, exchange_->head().fields);
  askedLanguage_ = answering_.askedLanguage(exchange_->head().fields.get("Accept-Language"));
}

bool RequestCall::permitted(std::string_view permission) const {
  if (!principal_) return false;
  // The scope check admitted a service key to this operation, and to nothing more.
  if (principal_->isServiceKey()) return match_.operation && permission == match_.operation->permission;
  std::string name(permission);
  if (!principal_->permitted(name)) return false;
  const std::lock_guard lock(streamMutex_);
  if (std::find(granted_.begin(), granted_.end(), name) == granted_.end()) granted_.push_back(std::move(name));
  return true;
}

std::vector<std::string> RequestCall::granted() const {
  const std::lock_guard lock(streamMutex_);
  return granted_;
}

void RequestCall::setPrincipal(identity::PrincipalPtr principal) {
  principal_ = std::move(principal);
  if (!principal_) return;
  principalView_.credential = static_cast<mortise_credential>(principal_->credential);
  principalView_.user_id = borrowed(principal_->userId);
  principalView_.username = borrowed(principal_->username);
  principalView_.email = borrowed(principal_->email);
  principalView_.role = borrowed(principal_->role);
  principalView_.session_id = borrowed(principal_->sessionId);
  principalView_.key_id = borrowed(principal_->keyId);
  principalView_.is_service_key = principal_->isServiceKey() ? 1 : 0;
  principalView_.key_name = borrowed(principal_->keyName);
  principalView_.key_org_id = borrowed(principal_->keyOrgId);
  principalView_.key_project_ids = borrowed(principal_->keyProjectIds);
  principalView_.user_number = principal_->number;
  principalView_.email_confirmed = principal_->emailConfirmed ? 1 : 0;
  principalView_.tier = borrowed(principal_->tier);
  principalView_.org_id = borrowed(principal_->orgId);
  principalView_.org_role = borrowed(principal_->orgRole);
  principalKnown_.store(true, std::memory_order_release);
}

const json::Value* RequestCall::parameter(mortise_in in, std::string_view name, std::size_t index) const {
  const auto place = inFrom(in);
  for (const auto& typed : parameters_) {
    if (typed.in != place || typed.name != name) continue;
    if (!typed.repeated) return index == 0 ? &typed.value : nullptr;
    return index < typed.value.Size() ? &typed.value[static_cast<rapidjson::SizeType>(index)] : nullptr;
  }
  return nullptr;
}

void RequestCall::checkSyntax() {
  const auto& operation = *match_.operation;
  if (operation.body.kind != contract::Body::Kind::json) return;
  const auto bytes = exchange_->body();
  const auto type = mediaType(exchange_->head().fields.get("Content-Type"));
  const bool isForm = type == kForm && takesForm(operation);
  const bool isForeign = !type.empty() && !isJson(type) && !isForm;
  if (!bytes.empty() && isForeign && !ignoresContentType(operation)) {
    throw Problem(415, "unsupported_media_type")
        .with("expected", "application/json")
        .field({"header", "Content-Type"}, "literal_error", {{"expected", "application/json"}});
  }
  if (bytes.empty() || (isForeign && operation.body.lenient)) {
    if (operation.body.lenient) body_.SetObject();
    hasBody_ = operation.body.lenient;
    return;
  }
  if (isForm) return readForm(bytes);
  json::ParseError failure;
  if (!json::parse(bytes, body_, failure)) {
    if (!operation.body.lenient) {
      throw Problem(422, "validation_failed")
          .field({"body", std::to_string(failure.offset)}, "json_invalid", {{"reason", failure.reason}})
          .note(failure.reason);
    }
    body_.SetObject();
  }
  if (operation.body.lenient && !body_.IsObject()) body_.SetObject();
  hasBody_ = true;
}

// A form where the contract accepts one beside JSON: an object of texts; of a repeated name the last one counts.
void RequestCall::readForm(std::string_view bytes) {
  std::map<std::string, std::string> last;
  for (auto& [name, value] : decodedPairs(bytes, "body")) {
    if (!text::isUtf8(name) || !text::isUtf8(value)) throw Problem(400, "bad_request").field({"body"}, "surrogate");
    last[std::move(name)] = std::move(value);
  }
  body_.SetObject();
  auto& allocator = body_.GetAllocator();
  const auto copy = [&](const std::string& text) {
    return json::Value(text.data(), static_cast<rapidjson::SizeType>(text.size()), allocator);
  };
  for (const auto& [name, value] : last) body_.AddMember(copy(name), copy(value), allocator);
  hasBody_ = true;
}

void RequestCall::convertParameters(std::vector<FieldError>& errors) {
  const auto& operation = *match_.operation;
  if (operation.parameters.empty()) return;
  bool queryParsed = false;
  std::vector<std::pair<std::string, std::string>> query;
  for (const auto& parameter : operation.parameters) {
    std::vector<std::string_view> texts;
    switch (parameter.in) {
      case contract::In::path:
        for (const auto& [name, value] : match_.captured) {
          if (name == parameter.name) texts.push_back(value);
        }
        break;
      case contract::In::query:
        if (!queryParsed) query = decodedPairs(exchange_->head().query, "query", parameter.lenient);
        queryParsed = true;
        for (const auto& [name, value] : query) {
          if (name == parameter.name) texts.push_back(value);
        }
        break;
      case contract::In::header:
        for (const auto& field : exchange_->head().fields.all()) {
          if (text::equalsIgnoreCase(field.name, parameter.name)) texts.push_back(field.value);
        }
        break;
      case contract::In::cookie:
        break;
    }
    Typed typed{parameter.in, parameter.name, json::Value(), parameter.repeated};
    if (!contract::readParameter(parameter, texts, typed.value, memory_.GetAllocator(), errors) || typed.value.IsNull())
      continue;
    parameters_.push_back(std::move(typed));
  }
}

void RequestCall::checkShape() {
  const auto& operation = *match_.operation;
  std::vector<FieldError> errors;
  convertParameters(errors);
  if (operation.body.kind == contract::Body::Kind::json) {
    if (hasBody_ && operation.body.schema) {
      if (operation.conventions.family->wholeNumbersAsText) operation.body.schema->readWholeNumbers(body_);
      std::vector<std::string> location{"body"};
      operation.body.schema->check(body_, location, errors);
    } else if (!hasBody_ && operation.body.required) {
      errors.push_back({{"body"}, "missing", {}});
    }
  }
  if (operation.body.kind == contract::Body::Kind::multipart && operation.body.required && exchange_->parts().empty()) {
    std::vector<std::string> location{"body"};
    const auto before = errors.size();
    if (operation.body.schema) operation.body.schema->check(json::Value(rapidjson::kObjectType), location, errors);
    if (errors.size() == before) errors.push_back({{"body"}, "missing", {}});
  }
  if (errors.empty()) return;
  Problem problem(422, operation.invalidCode.empty() ? "validation_failed" : operation.invalidCode);
  problem.errors = std::move(errors);
  throw problem;
}

dialect::Context RequestCall::context() const {
  dialect::Context context;
  context.language = language();
  context.method = method();
  context.path = exchange_->head().path;
  context.requestId = exchange_->requestId();
  if (principalKnown_.load(std::memory_order_acquire)) context.userNumber = principal_->number;
  context.clientAddress = address_;
  if (match_.operation) context.soft = &match_.operation->soft;
  context.credentialsSent = exchange_->head().fields.find("Authorization") != nullptr;
  return context;
}

void RequestCall::decorate(http::Fields& fields) const {
  if (match_.conventions->noStore && fields.find("Cache-Control") == nullptr) fields.add("Cache-Control", "no-store");
  answering_.cors().decorate(exchange_->head().fields.get("Origin"), fields);
}

bool RequestCall::replyRaw(http::Reply reply) {
  if (!claim()) return false;
  if (!reply.file) releaseSlots();
  decorate(reply.fields);
  return exchange_->reply(std::move(reply));
}

bool RequestCall::reply(plugin::CallReply reply) {
  http::Reply out;
  out.status = reply.status;
  for (auto& [name, value] : reply.fields) out.fields.add(std::move(name), std::move(value));
  const bool wrapped = !reply.isRaw && enveloped();
  if (reply.isRaw) {
    out.body = std::move(reply.raw);
    if (!reply.contentType.empty()) out.fields.set("Content-Type", std::move(reply.contentType));
  } else if (wrapped) {
    auto rendered =
        answering_.dialect(match_.conventions->dialect)
            .success(reply.status, std::move(reply.json), {reply.message, std::move(reply.messageParams)}, context());
    out.status = rendered.status;
    out.body = std::move(rendered.body);
    if (!out.body.empty()) out.fields.set("Content-Type", std::move(rendered.contentType));
    for (auto& [name, value] : rendered.fields) out.fields.add(std::move(name), std::move(value));
  } else {
    out.body = std::move(reply.json);
    if (!out.body.empty() && out.fields.find("Content-Type") == nullptr)
      out.fields.set("Content-Type", "application/json");
  }
  return replyRaw(std::move(out));
}

http::Reply RequestCall::errorReply(const Problem& problem) {
  releaseSlots();
  Answering::logRefusal(*this, problem);
  std::string url;
  auto facts = context();
  facts.url = answering_.fullUrl(*exchange_, url);
  auto rendered = answering_.dialect(match_.conventions->dialect).error(problem, facts);
  http::Reply out;
  out.status = rendered.status;
  out.body = std::move(rendered.body);
  out.fields.set("Content-Type", std::move(rendered.contentType));
  for (auto& [name, value] : rendered.fields) out.fields.add(std::move(name), std::move(value));
  decorate(out.fields);
  return out;
}

bool RequestCall::refuseByClose(const Problem& problem) {
  if (!match_.operation || !match_.operation->closesRefused || !exchange_->wantsWebSocket()) return false;
  http::WebSocket::Options options;
  // Browsers drop a connection that selects none of the sub-protocols they offered, and the code with it.
  if (auto offered = exchange_->offeredSubprotocols(); !offered.empty())
    options.subprotocol = std::move(offered.front());
  const auto socket = exchange_->upgrade(std::move(options), {}, {});
  if (!socket) return false;
  Answering::logRefusal(*this, problem);
  const auto frame = closeFor(problem);
  socket->close(frame.code, frame.reason);
  return true;
}

bool RequestCall::send(const Problem& problem) {
  return refuseByClose(problem) || exchange_->reply(errorReply(problem));
}

bool RequestCall::fail(Problem problem) { return claim() && send(problem); }

void RequestCall::timeOut() {
  if (!claim()) return;  // a caller of timeIsOver() before the next line sees it a moment later
  timedOut_.store(true, std::memory_order_release);
  send(Problem(504, "timeout").note("the handler did not answer in time"));
}

bool RequestCall::timeIsOver() const {
  if (answered()) return timedOut_.load(std::memory_order_acquire);
  return std::chrono::steady_clock::now() >= due_.load(std::memory_order_acquire);
}

bool RequestCall::expired() const { return exchange_->clientGone() || timeIsOver(); }

void RequestCall::hold(services::Slots::Held slot) {
  const std::lock_guard lock(slotsMutex_);
  if (!slotsReleased_) slots_.push_back(std::move(slot));  // else the slot is released here
}

void RequestCall::releaseSlots() {
  const std::lock_guard lock(slotsMutex_);
  slotsReleased_ = true;
  slots_.clear();
}

bool RequestCall::replyFile(std::shared_ptr<ByteSource> file, plugin::FileReply reply) {
  http::Reply out;
  out.fields.add("Content-Type", reply.contentType.empty() ? "application/octet-stream" : std::move(reply.contentType));
  out.fields.add("X-Content-Type-Options", "nosniff");
  if (!reply.downloadName.empty()) {
    const auto form = match_.conventions->plainDownloadNames ? NameForm::plainIfPossible : NameForm::extendedOnly;
    out.fields.add("Content-Disposition", attachmentDisposition(reply.downloadName, form));
  }
  for (auto& [name, value] : reply.fields) out.fields.set(name, std::move(value));
  out.file = http::FileBody{std::move(file), std::move(reply.etag), reply.lastModified / 1'000'000};
  return replyRaw(std::move(out));
}

std::shared_ptr<http::Stream> RequestCall::openStream(const mortise_stream_options& options) {
  if (!claim()) return nullptr;
  http::Fields fields;
  const std::string contentType(
      options.content_type.data ? std::string(options.content_type.data, options.content_type.size) : std::string());
  const bool isEvents = contentType.empty();
  fields.add("Content-Type", isEvents ? "text/event-stream; charset=utf-8" : contentType);
  fields.add("Cache-Control", "no-cache");
  fields.add("X-Accel-Buffering", "no");
  decorate(fields);
  const auto every = std::chrono::seconds(options.heartbeat_seconds > 0 ? options.heartbeat_seconds : 15);
  auto stream = exchange_->startStream(options.status > 0 ? options.status : 200, std::move(fields),
                                       isEvents ? ": ping\n\n" : "", every);
  if (!stream) return nullptr;
  {
    const std::lock_guard lock(streamMutex_);
    stream_ = stream;
  }
  answering_.streams().add(stream, isEvents ? StreamWatch::Ending::whole : StreamWatch::Ending::cut,
                           {principal_, match_.operation, granted()});
  return stream;
}

void RequestCall::abortStream() {
  std::shared_ptr<http::Stream> stream;
  {
    const std::lock_guard lock(streamMutex_);
    stream = stream_.lock();
  }
  if (stream) stream->abort();
}

std::shared_ptr<http::WebSocket> RequestCall::upgrade(http::WebSocket::Options options,
                                                      http::WebSocket::Callbacks callbacks) {
  if (!claim()) return nullptr;
  auto socket = exchange_->upgrade(std::move(options), std::move(callbacks), {});
  if (socket) answering_.streams().add(socket, {principal_, match_.operation, granted()});
  return socket;
}

void RequestCall::retain() {
  if (retained_.fetch_add(1) == 0) self_ = shared_from_this();
}

void RequestCall::release() {
  if (retained_.fetch_sub(1) != 1) return;
  const auto keep = std::move(self_);
  if (!answered()) fail(Problem(500, "internal").note("the handler released its call without an answer"));
}

}  // namespace mortise::kernel
