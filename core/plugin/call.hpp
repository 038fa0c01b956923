// One request as the boundary (call/1) sees it: implemented by the kernel's dispatcher, exposed to modules by the host
// tables. mortise_call* is a plugin::Call*.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.hpp"
#include "core/base/problem.hpp"
#include "core/http/exchange.hpp"
#include "mortise/abi/call.h"

namespace mortise::plugin {

struct CallReply {
  int status = 200;
  std::string json;     // bare value
  std::string message;  // catalogue key
  Params messageParams;
  std::vector<std::pair<std::string, std::string>> fields;
  bool isRaw = false;
  std::string raw;
  std::string contentType;
};

class Host;

// A file as the answer; empty or 0 = none.
struct FileReply {
  std::string contentType;
  std::string downloadName;
  std::string etag;
  std::int64_t lastModified = 0;  // microseconds
  std::vector<std::pair<std::string, std::string>> fields;
};

class Call {
 public:
  virtual ~Call() = default;
  Host* servedBy = nullptr;  // the module whose handler answers; set by ModuleInstance::handle

  virtual std::string_view operationId() const = 0;
  virtual std::string_view requestId() const = 0;  // that the reply carries
  virtual std::string_view logId() const { return requestId(); }
  virtual std::string_view clientRequestId() const { return {}; }
  virtual std::string_view method() const = 0;
  virtual std::string_view path() const = 0;
  virtual std::string_view address() const = 0;
  virtual std::string_view network() const = 0;  // ClientNetworks::nearest of the address. [any thread]
  virtual std::string_view language() const = 0;
  virtual std::string_view askedLanguage() const { return language(); }  // empty: neither client nor operator said one
  virtual const mortise_principal* principal() const = 0;
  virtual bool permitted(std::string_view permission) const = 0;
  // Typed value of a declared parameter (JSON scalar), or nullptr.
  virtual const json::Value* parameter(mortise_in in, std::string_view name, std::size_t index) const = 0;
  virtual std::string_view header(std::string_view name) const = 0;
  virtual const json::Value* body() const = 0;
  virtual std::string_view csrfToken() const { return {}; }  // that the request proved to have; empty: none
  virtual const http::ExchangePtr& exchange() const = 0;     // raw body, parts, streams
  virtual bool enveloped() const = 0;                        // false: x-mortise-envelope: false
  // No client waits for the answer any more: its time is over, or the client has gone. Cheap. [any thread]
  virtual bool expired() const = 0;

  virtual bool reply(CallReply reply) = 0;
  virtual bool fail(Problem problem) = 0;
  virtual bool replyFile(std::shared_ptr<ByteSource> file, FileReply reply) = 0;
  // `options` without callbacks: host_call.cpp sets them on the stream.
  virtual std::shared_ptr<http::Stream> openStream(const mortise_stream_options& options) = 0;
  // The handler failed: cuts the stream that it opened, if it did.
  virtual void abortStream() = 0;
  virtual std::shared_ptr<http::WebSocket> upgrade(http::WebSocket::Options options,
                                                   http::WebSocket::Callbacks callbacks) = 0;

  // Reference count: the dispatcher holds one while handle() runs; retain/release add and drop. When the last one is
  // released without an answer, the call is answered with 500 and logged.
  virtual void retain() = 0;
  virtual void release() = 0;
};

}  // namespace mortise::plugin
