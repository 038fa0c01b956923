// What carries the messages of one server: its stdio, a session of HTTP, or the pair of streams of the first revision.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mcp/waiting.hpp"

namespace agent::mcp {

inline constexpr std::size_t kMaxMessage = std::size_t{8} << 20;  // bytes

enum class Era { undecided, legacy, modern };

struct Outgoing {
  enum class Kind { request, notification, response };
  Kind kind = Kind::request;
  std::string text{};    // one JSON-RPC message on one line
  std::string method{};  // of a request or notification
  std::string name{};    // what the method names: a tool
  // Further header fields of HTTP (2026-07-28: what a tool's schema marks).
  std::vector<std::pair<std::string, std::string>> headers{};
};

// One connection, used by one thread. Everything throws Failure.
class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  // Which revision the messages are of from now on, and of which era it is.
  virtual void speak(Era era, std::string_view version) = 0;
  // Sends one message. After a request call receive() until its answer is there, then settle().
  virtual void send(const Outgoing& message, const Waiting& waiting) = 0;
  // From now on receive() also gives what the server sends outside of answers, where that has a stream of its own.
  virtual void listen() {}
  // The next message of the server: text of JSON.
  virtual std::string receive(const Waiting& waiting) = 0;
  // The answer of a request is there, or not wanted any more: what still carries it ends.
  virtual void settle(const Waiting& waiting) = 0;
  // Whether ending what carries a request cancels it, so that no notice of it is needed.
  virtual bool cancelsBySettling() const = 0;
  // What else is worth telling when a call failed: the last words of a process. May be empty.
  virtual std::string lastWords() { return {}; }
};

}  // namespace agent::mcp
