// The people who look at desktops: bytes between WebSockets and X servers, moved by one thread.
#pragma once

#include <mortise/host.hpp>
#include <mortise/log.hpp>
#include <mortise/metrics.hpp>
#include <mortise/request.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "desktop/desktops.hpp"
#include "sandbox/fd.hpp"
#include "sandbox/wake_up.hpp"

namespace agent::desktop {

class Viewers {
 public:
  explicit Viewers(mortise::Host host);
  ~Viewers() { stop(); }
  Viewers(const Viewers&) = delete;
  Viewers& operator=(const Viewers&) = delete;

  void start();
  // Closes all connections (1001) and joins the thread.
  void stop();

  // [stream] Upgrades the request and moves bytes between client and `screen` until one of the two ends: 1000 when the
  // X server closed this connection, 1011 when it has gone, 1003 for a text message.
  void open(const mortise::Request& request, Desktops::Viewing viewing, sandbox::Fd screen);
  // [any] Closes the connections to a session's desktop.
  void close(std::string_view sessionId, int code, std::string_view reason);

 private:
  struct Viewer;
  using Ptr = std::shared_ptr<Viewer>;

  void run();
  static bool move(Viewer& viewer, char* bytes, std::size_t size);
  static bool awaitReason(Viewer& viewer);

  mortise::Log log_;
  mortise::Gauge open_;
  const std::shared_ptr<const sandbox::WakeUp> wake_ = std::make_shared<const sandbox::WakeUp>();
  std::mutex mutex_;
  std::vector<Ptr> added_;
  std::vector<Ptr> viewers_;  // the thread's; others read it under the lock
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace agent::desktop
