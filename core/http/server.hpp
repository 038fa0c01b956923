// The HTTP server: I/O threads on Pistache's reactor and transport. Together with the values, the only public interface
// of this folder.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/http/exchange.hpp"
#include "core/http/listener.hpp"

namespace mortise::http {

struct ServerOptions {
  std::vector<std::string> listen{"127.0.0.1:8000"};  // "host:port", "[::1]:port", port 0 = any, "unix:/path"
  SocketFile socketFile;                              // of each unix:/path
  unsigned ioThreads = 1;
  std::size_t maxConnections = 4096;
  std::size_t maxConnectionsPerAddress = 0;  // 0 = no limit; loopback and Unix peers and proxies are exempt
  std::function<bool(const Peer&)> isProxy;  // peers that stand for many clients; null: none
  std::uint64_t bodyMemory = 256 << 20;      // of all request bodies (BodyBudget): beyond it 503
  std::size_t maxRequestLine = 8 << 10;
  std::size_t maxTarget = 4 << 10;  // longer: 414
  std::size_t maxHead = 16 << 10;   // longer: 431
  std::size_t maxFields = 100;
  std::size_t maxResponseBuffer = 8 << 20;
  std::size_t streamBuffer = 1 << 20;
  std::size_t totalBuffer = 256 << 20;  // over all connections: the one that exceeds it is dropped
  std::chrono::milliseconds firstByteTimeout{10'000};
  std::chrono::milliseconds headTimeout{10'000};
  std::chrono::milliseconds bodyIdleTimeout{30'000};
  std::uint64_t bodyMinimumRate = 1024;  // bytes per second, averaged after the first 10 s
  std::chrono::milliseconds idleTimeout{60'000};
  std::chrono::milliseconds writeTimeout{30'000};
  std::chrono::milliseconds loopWarning{0};  // > 0: log every callback on an I/O thread that takes longer
  std::string spoolDirectory = "/tmp";
};

struct ServerCounters {
  std::atomic<std::uint64_t> connections{0}, accepted{0}, refusedConnections{0}, requests{0};
  std::atomic<std::uint64_t> streams{0}, webSockets{0}, droppedSlow{0}, bytesIn{0}, bytesOut{0};
  std::atomic<std::uint64_t> spooling{0};  // bytes of request bodies that wait for the disk
};

class Server {
 public:
  // `application` must outlive the server.
  Server(ServerOptions options, Application& application);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Binds and starts the I/O threads. Throws std::runtime_error that names the address and the reason.
  void start();
  // Actual addresses ("127.0.0.1:40123", "unix:/path"), valid after start().
  std::vector<std::string> addresses() const;
  // Stops accepting, closes idle connections, lets running requests finish for at most `limit` (streams and WebSockets
  // are asked to end at once: onClosed / close 1001), then cuts the rest. Blocks. Returns the number of connections
  // cut.
  std::size_t drain(std::chrono::milliseconds limit);
  // After drain() (or alone: then it cuts everything). Blocks until the I/O threads have ended.
  void stop();

  const ServerCounters& counters() const;
  std::uint64_t bodyBytes() const;      // of bodyMemory, in use
  std::uint64_t refusedBodies() const;  // for lack of it, since the start

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace mortise::http
