#include "stream_calls.hpp"

#include <mortise/websocket.hpp>

#include <stdexcept>
#include <string>
#include <utility>

using mortise::Problem;
using mortise::Reply;
using mortise::Request;

namespace {

[[noreturn]] void fail(std::string_view how) {
  if (how == "problem") throw Problem(409, "conflict").note("the probe refuses");
  if (how == "number") throw 7;
  throw std::runtime_error("the probe fails");
}

}  // namespace

void StreamCalls::bind(mortise::Bindings& on) {
  on.operation("cutDownload", this, &StreamCalls::cutDownload);
  on.operation("loudStream", this, &StreamCalls::loudStream);
  on.operation("loudSocket", this, &StreamCalls::loudSocket);
  on.operation("loudEvent", this, &StreamCalls::loudEvent);
  on.operation("blockInStream", this, &StreamCalls::blockInStream);
  on.operation("blockOnLoop", this, &StreamCalls::blockOnLoop);
}

void StreamCalls::start() {
  loud_ = events_.subscribe("probe.loud.*", [](const mortise::Event& event) { fail(event.payload); });
}

void StreamCalls::stop() {
  loud_.end();
  const std::lock_guard lock(mutex_);
  kept_.clear();
}

void StreamCalls::cutDownload(Request& request) {
  const auto how = request.path("how");
  auto stream = request.openStream({.contentType = "text/csv"});
  stream.write("first,line\n");
  if (how == "whole") return stream.close();
  if (how == "abort") return stream.abort();
  if (how == "kept") {
    const std::lock_guard lock(mutex_);
    kept_.push_back(std::move(stream));
  }
  if (how == "database") db_.execute("INSERT INTO nowhere VALUES (1)");
  fail(how);
}

void StreamCalls::loudStream(Request& request) {
  mortise::StreamOptions options;
  options.onClosed = [how = std::string(request.path("how"))] { fail(how); };
  request.openStream(std::move(options)).send("hello", "1", "{}");
}

void StreamCalls::loudSocket(Request& request) {
  mortise::WebSocketOptions options;
  options.onMessage = [](mortise::Socket, std::string_view message, bool) { fail(message); };
  options.onClosed = [](int, std::string_view) { fail(""); };
  request.upgrade(std::move(options)).detach();
}

Reply StreamCalls::loudEvent(const Request& request) {
  events_.publish("probe.loud.ly", request.path("how"));
  return Reply::noContent();
}

bool StreamCalls::mayBlock() {
  try {
    return !db_.query<std::int64_t>("SELECT 1").empty();
  } catch (const Problem&) {
    return false;
  } catch (const mortise::db::Error&) {
    return false;
  }
}

void StreamCalls::blockInStream(Request& request) {
  request.openStream().send(mayBlock() ? "may" : "may not", "1", "{}");
}

Reply StreamCalls::blockOnLoop(const Request&) { return Reply::ok(mortise::json::object({{"may_block", mayBlock()}})); }
