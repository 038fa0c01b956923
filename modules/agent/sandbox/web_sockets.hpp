// WebSockets to a sandbox service, each as a descriptor: its user reads and writes bytes, as with the descriptors of a
// box, whatever carries them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sandbox/sandbox.hpp"

namespace agent::sandbox {

// One thread moves the bytes of all. Any number of threads may use it.
class WebSockets {
 public:
  enum class Content : std::uint8_t {
    bytes,  // binary messages, whose borders mean nothing
    texts   // text messages; at the descriptor each ends with a NUL
  };
  struct Place {
    std::string address;  // a numeric one, which somebody has checked
    std::uint16_t port = 0;
    std::string host;    // of the header: host[:port]
    std::string target;  // path and query
  };

  WebSockets();
  // Ends all connections: whoever holds a descriptor reads its end.
  ~WebSockets();
  WebSockets(const WebSockets&) = delete;
  WebSockets& operator=(const WebSockets&) = delete;

  // [worker] The numeric addresses of a name, 16 at most. Problem 503 sandbox_unavailable when there are none, or when
  // they are not known within ten seconds.
  std::vector<std::string> addressesOf(const std::string& host, const Stopped& stopped);
  // [worker] One end of a pair of stream sockets; it is not blocking, and closed on exec. Closing it, and all of its
  // duplicates, closes the WebSocket. A side that does not read holds the other side up: this server holds a few hundred
  // KiB, and with `texts` one message on its way to the service. `failed`: called on the thread of this object, when the
  // connection ended otherwise than by a close of one of the two; it may not wait. Problem 503 sandbox_unavailable when
  // it does not connect within ten seconds, or does not shake hands within ten more, or `stopped`.
  Fd open(const Place& place, Content content, const Stopped& stopped, std::function<void()> failed = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace agent::sandbox
