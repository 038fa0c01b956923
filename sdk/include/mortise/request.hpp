// One request, from the handler's side: typed input, who calls, and the ways to answer (call/1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mortise/abi/call.h"
#include "mortise/file.hpp"
#include "mortise/host.hpp"
#include "mortise/json_node.hpp"
#include "mortise/problem.hpp"
#include "mortise/reply.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

class EventStream;
struct StreamOptions;
class WebSocket;
struct WebSocketOptions;

namespace detail {

// The tables that every request needs, looked up once per module.
struct Tables {
  mortise_host* host = nullptr;
  const mortise_call_v1* call = nullptr;
  const mortise_json_v1* json = nullptr;
};

// What became of a call while its handler runs.
struct CallState {
  bool answered = false;
  bool retained = false;
  bool streams = false;  // the answer is a stream
};

}  // namespace detail

// Who calls. Every Text lives as long as the call.
struct Principal {
  mortise_credential credential = MORTISE_CREDENTIAL_NONE;
  Text userId;
  Text username;  // may be empty
  Text email;     // may be empty
  Text role;      // user, admin, super_admin, viewer, ...
  Text sessionId;
  Text keyId;
  bool isServiceKey = false;  // runs as userId, within its organisation and projects
  Text keyName;
  Text keyOrgId;
  Text keyProjectIds;           // JSON list; empty: every project
  std::int64_t userNumber = 0;  // for families whose ids are integers
  bool emailConfirmed = false;
  Text tier;     // effective: the organisation's, else the user's own; admin for administrators
  Text orgId;    // empty: in no organisation
  Text orgRole;  // owner, admin, member
  bool signedIn() const noexcept { return credential != MORTISE_CREDENTIAL_NONE; }
};

// One query or header parameter that the contract declares: converted to its type, its default filled in. Getters are
// empty when it is absent and has no default; asking for another type than the contract's throws std::logic_error.
class Parameter {
 public:
  Parameter(const detail::Tables* tables, mortise_call* call, mortise_in in, std::string_view name) noexcept
      : tables_(tables), call_(call), in_(in), name_(name) {}

  bool exists() const { return read(0).has_value(); }
  // Its value with the type that the contract gives it; text lives as long as the call.
  std::optional<mortise_value> value() const { return read(0); }
  std::optional<Text> text() const {
    return as<Text>(MORTISE_TEXT, [](const mortise_value& v) { return Text(v.as.text); });
  }
  std::optional<std::int64_t> integer() const {
    return as<std::int64_t>(MORTISE_INTEGER, [](const mortise_value& v) { return v.as.integer; });
  }
  std::optional<bool> boolean() const {
    return as<bool>(MORTISE_BOOLEAN, [](const mortise_value& v) { return v.as.boolean != 0; });
  }
  std::optional<double> real() const {
    const auto value = read(0);
    if (value && value->type == MORTISE_INTEGER) return static_cast<double>(value->as.integer);
    return as<double>(MORTISE_REAL, [](const mortise_value& v) { return v.as.real; });
  }
  Text text(std::string_view fallback) const { return text().value_or(Text(fallback)); }
  std::int64_t integer(std::int64_t fallback) const { return integer().value_or(fallback); }
  bool boolean(bool fallback) const { return boolean().value_or(fallback); }
  double real(double fallback) const { return real().value_or(fallback); }
  // Every occurrence of a repeated text parameter (type array in the contract).
  std::vector<Text> list() const {
    std::vector<Text> values;
    while (const auto value = read(values.size())) {
      if (value->type != MORTISE_TEXT) wrongType();
      values.emplace_back(value->as.text);
    }
    return values;
  }

 private:
  std::optional<mortise_value> read(std::size_t index) const {
    mortise_value value{};
    const auto status = tables_->call->parameter(call_, in_, detail::str(name_), index, &value);
    if (status == MORTISE_INVALID) throw std::logic_error("the contract declares no parameter " + std::string(name_));
    return status == MORTISE_OK && value.type != MORTISE_NULL ? std::optional(value) : std::nullopt;
  }
  template <class T, class Convert>
  std::optional<T> as(mortise_type type, Convert&& convert) const {
    const auto value = read(0);
    if (!value) return std::nullopt;
    if (value->type != type) wrongType();
    return convert(*value);
  }
  [[noreturn]] void wrongType() const {
    throw std::logic_error("parameter " + std::string(name_) + " has another type in the contract");
  }

  const detail::Tables* tables_;
  mortise_call* call_;
  mortise_in in_;
  std::string_view name_;
};

// A file, or a plain field, of a multipart body.
struct Part {
  Text name;
  Text filename;  // as the client sent it: never a path to use
  Text contentType;
  Text value;                // plain field
  std::optional<File> file;  // file part; belongs to the call
};

class PendingCall;

// Good until its handler returns; later() makes it last. Not to be copied. [the handler's thread]
// The kernel has matched the route, checked limits, credentials and permission, and the shape of parameters and body by
// the contract.
class Request {
 public:
  Request(const detail::Tables* tables, mortise_call* call, detail::CallState* state) noexcept
      : tables_(tables), call_(call), state_(state) {}
  Request(Request&&) noexcept = default;
  Request& operator=(Request&&) noexcept = default;
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  Text operationId() const { return table().operation_id(call_); }
  Text id() const { return table().request_id(call_); }  // X-Request-Id
  Text method() const { return table().method(call_); }
  Text url() const { return table().path(call_); }         // path as sent, without query
  Text address() const { return table().address(call_); }  // the client's, by the trusted-proxy rules
  // What counts as one client where a handler counts clients, since an IPv6 client chooses among many addresses: the IPv4
  // address in one spelling, the /64 of an IPv6 address. Since: SDK 1.1; an older server: address().
  Text network() const {
    return MORTISE_HAS(&table(), mortise_call_v1, network) ? Text(table().network(call_)) : address();
  }
  Text language() const { return table().language(call_); }  // chosen for this request: "en", "zh-CN"
  // For a mail that this request leads to: what the client asks for, else http.default_language, else English. The contract
  // does not say in which language the reader of a mail reads. Since: SDK 1.1; an older server: language().
  Text mailLanguage() const {
    if (!MORTISE_HAS(&table(), mortise_call_v1, asked_language)) return language();
    const Text asked = table().asked_language(call_);
    return asked.empty() ? Text("en") : asked;
  }

  Principal principal() const {
    Principal out;
    const auto* c = table().principal(call_);
    if (c == nullptr) return out;
    out.credential = c->credential;
    out.userId = c->user_id;
    out.username = c->username;
    out.email = c->email;
    out.role = c->role;
    out.sessionId = c->session_id;
    out.keyId = c->key_id;
    if (!MORTISE_HAS(c, mortise_principal, key_project_ids)) return out;
    out.isServiceKey = c->is_service_key != 0;
    out.keyName = c->key_name;
    out.keyOrgId = c->key_org_id;
    out.keyProjectIds = c->key_project_ids;
    if (!MORTISE_HAS(c, mortise_principal, org_role)) return out;
    out.userNumber = c->user_number;
    out.emailConfirmed = c->email_confirmed != 0;
    out.tier = c->tier;
    out.orgId = c->org_id;
    out.orgRole = c->org_role;
    return out;
  }
  // For finer decisions than the contract's x-mortise-permission. "scheduler.admin"
  bool permitted(std::string_view permission) const { return table().permitted(call_, detail::str(permission)) != 0; }

  // A path parameter of type string, decoded. A name that the contract's path does not have throws std::logic_error.
  Text path(std::string_view name) const { return Text(pathValue(name, MORTISE_TEXT).as.text); }
  // A path parameter of type integer.
  std::int64_t pathInteger(std::string_view name) const { return pathValue(name, MORTISE_INTEGER).as.integer; }
  // A declared query parameter: request.query("page").integer(1)
  Parameter query(std::string_view name) const { return Parameter(tables_, call_, MORTISE_IN_QUERY, name); }
  // A declared header parameter, converted.
  Parameter headerParameter(std::string_view name) const { return Parameter(tables_, call_, MORTISE_IN_HEADER, name); }
  // Any header field, first value; empty when absent.
  Text header(std::string_view name) const { return table().header(call_, detail::str(name)); }

  // The JSON body; a node that does not exist when there is none.
  Json body() const { return Json(tables_->json, table().body(call_)); }
  // The bytes of a body kept in memory.
  Text rawBody() const { return table().raw_body(call_); }
  // A raw upload that was streamed to disk.
  std::optional<File> bodyFile() const {
    auto* file = table().body_file(call_);
    return file == nullptr ? std::nullopt : std::optional<File>(File(tables_->call, file));
  }
  // The parts of a multipart body, in order.
  std::vector<Part> parts() const {
    std::vector<Part> out;
    const auto count = table().parts(call_);
    out.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      if (auto part = partAt(i)) out.push_back(std::move(*part));
    }
    return out;
  }
  // The first part of that name.
  std::optional<Part> part(std::string_view name) const {
    const auto count = table().parts(call_);
    for (std::size_t i = 0; i < count; ++i) {
      if (auto part = partAt(i); part && part->name == name) return part;
    }
    return std::nullopt;
  }

  // True when the client has disconnected: no need to go on.
  bool clientGone() const { return table().client_gone(call_) != 0; }
  // True when no client waits for the answer any more: the operation's time is over, or the client has disconnected.
  // Cheap: ask it in every loop whose length the request decides. Since: SDK 1.1; an older server tells of the client
  // only. [any]
  bool expired() const {
    return MORTISE_HAS(&table(), mortise_call_v1, expired) ? table().expired(call_) != 0 : clientGone();
  }
  // Throws Problem 504 "timeout" when expired(), for loops deep inside the handler. [any]
  void stopIfExpired() const {
    if (expired()) throw Problem(504, "timeout").note("the client has disconnected or the time is over");
  }

  // The ways to answer in a `void` handler (others return a Reply). The first answer counts; false: it had been
  // answered before.
  bool answer(const Reply& reply) const {
    if (state_ != nullptr) state_->answered = true;
    return reply.send(table(), call_) == MORTISE_OK;
  }
  bool fail(const Problem& problem) const {
    if (state_ != nullptr) state_->answered = true;
    return detail::withProblem(problem, [&](const mortise_problem& c) { return table().fail(call_, &c); }) ==
           MORTISE_OK;
  }
  // Keeps the call beyond the handler, to answer from any thread.
  [[nodiscard]] PendingCall later() const;
  // Answers with a stream (lane `stream` in the contract). Throws std::logic_error when the call was answered already.
  // Include mortise/stream.hpp.
  [[nodiscard]] EventStream openStream(StreamOptions options) const;
  [[nodiscard]] EventStream openStream() const;
  // Sub-protocols that the client offers, in its order of preference.
  std::vector<Text> offeredSubprotocols() const {
    mortise_str names[32];
    const auto offered = table().offered_subprotocols(call_, names, 32);
    std::vector<Text> out;
    for (std::size_t i = 0; i < offered && i < 32; ++i) out.emplace_back(names[i]);
    return out;
  }
  // Upgrades to a WebSocket. Throws std::logic_error when the call was answered already. Include mortise/websocket.hpp.
  [[nodiscard]] WebSocket upgrade(WebSocketOptions options) const;

  mortise_call* get() const noexcept { return call_; }

 private:
  friend class PendingCall;

  const mortise_call_v1& table() const noexcept { return *tables_->call; }
  mortise_value pathValue(std::string_view name, mortise_type type) const {
    mortise_value value{};
    if (table().parameter(call_, MORTISE_IN_PATH, detail::str(name), 0, &value) != MORTISE_OK) {
      throw std::logic_error("the contract's path has no parameter " + std::string(name));
    }
    if (value.type != type)
      throw std::logic_error("path parameter " + std::string(name) + " has another type in the contract");
    return value;
  }
  std::optional<Part> partAt(std::size_t index) const {
    mortise_part c{};
    c.struct_size = sizeof c;
    if (table().part(call_, index, &c) != MORTISE_OK) return std::nullopt;
    Part part;
    part.name = c.name;
    part.filename = c.filename;
    part.contentType = c.content_type;
    part.value = c.value;
    if (c.is_file != 0 && c.file != nullptr) part.file.emplace(tables_->call, c.file);
    return part;
  }

  const detail::Tables* tables_;
  mortise_call* call_;
  detail::CallState* state_;
};

// A call that outlives its handler. Move-only; answer it once, from any thread. Destroyed unanswered, it becomes the
// kernel's 500. [any]
class PendingCall {
 public:
  PendingCall(const detail::Tables* tables, mortise_call* call) noexcept : request_(tables, call, nullptr) {
    tables->call->retain(call);
  }
  PendingCall(PendingCall&& other) noexcept : request_(std::move(other.request_)) { other.request_.call_ = nullptr; }
  PendingCall& operator=(PendingCall&& other) noexcept {
    std::swap(request_.tables_, other.request_.tables_);
    std::swap(request_.call_, other.request_.call_);
    return *this;
  }
  ~PendingCall() {
    if (request_.call_ != nullptr) request_.table().release(request_.call_);
  }

  // As long as this object lives.
  const Request& request() const noexcept { return request_; }
  // False when the client is gone or the call was answered before.
  bool answer(const Reply& reply) const { return request_.answer(reply); }
  bool fail(const Problem& problem) const { return request_.fail(problem); }
  bool clientGone() const { return request_.clientGone(); }
  bool expired() const { return request_.expired(); }

 private:
  Request request_;
};

inline PendingCall Request::later() const {
  if (state_ != nullptr) state_->retained = true;
  return PendingCall(tables_, call_);
}

}  // namespace mortise::inline sdk1

#ifdef MORTISE_INCLUDES_OF_1_0
#include "mortise/stream.hpp"
#include "mortise/websocket.hpp"
#endif
