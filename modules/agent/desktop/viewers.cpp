#include "desktop/viewers.hpp"

#include <mortise/websocket.hpp>

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>

namespace agent::desktop {
namespace {

using namespace std::chrono_literals;

constexpr int kPingSeconds = 20;
constexpr auto kTouchEvery = 20s;
// 4 MiB each way. Towards the client nothing is read from the X server beyond half of it, which leaves room for what
// one round adds; from the client nothing is read beyond half, which leaves room for the message that was on its way.
constexpr std::size_t kMaxQueued = 4 << 20;
constexpr std::size_t kPauseAt = kMaxQueued / 2;
constexpr std::size_t kResumeAt = 256U << 10U;
constexpr std::size_t kMaxMessage = kMaxQueued / 2;
constexpr std::size_t kPiece = 64U << 10U;
constexpr auto kKnownAfter = 500ms;
constexpr int kLookEvery = 5000;  // milliseconds
constexpr int kLookSoon = 50;
constexpr int kPiecesAtOnce = 8;  // of one viewer, before the others have their turn

// The rule of noVNC and websockify: binary before base64, and none where neither is offered.
std::string chosenSubprotocol(const mortise::Request& request) {
  std::string chosen;
  for (const auto& offered : request.offeredSubprotocols()) {
    if (offered == "binary") return "binary";
    if (offered == "base64") chosen = "base64";
  }
  return chosen;
}

}  // namespace

struct Viewers::Viewer {
  Viewer(Desktops::Viewing seen, sandbox::Fd to) : viewing(std::move(seen)), screen(std::move(to)) {}

  Desktops::Viewing viewing;
  const sandbox::Fd screen;
  std::optional<mortise::WebSocket> socket;  // before the thread has this
  std::mutex mutex;
  std::string toScreen;  // what the X server has not taken
  std::size_t at = 0;    // up to here it has
  bool paused = false;
  bool left = false;                          // the client has gone
  std::optional<Clock::time_point> brokenAt;  // since when nothing comes from the X server

  std::size_t waiting() const { return toScreen.size() - at; }

  // Under the lock. False: the X server has gone.
  bool writeSome() {
    while (waiting() > 0) {
      const auto size = send(screen.get(), toScreen.data() + at, waiting(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (size < 0) return errno == EAGAIN || errno == EINTR;
      at += static_cast<std::size_t>(size);
    }
    toScreen.clear();
    at = 0;
    return true;
  }

  // [loop] A message of the client. Whether the thread has to know of it.
  bool take(const mortise::Socket& from, std::string_view message, bool binary) {
    if (!binary) {
      from.close(1003, "binary messages only");
      return false;
    }
    bool pause = false;
    {
      const std::lock_guard lock(mutex);
      if (at > kResumeAt) {
        toScreen.erase(0, at);
        at = 0;
      }
      toScreen.append(message);
      if (!writeSome()) return true;  // the thread finds out why
      if (waiting() == 0) return false;
      pause = waiting() > kPauseAt && !std::exchange(paused, true);
    }
    // A close that this call brings about calls back: not under the lock.
    if (pause) from.pause(true);
    return true;
  }
};

Viewers::Viewers(mortise::Host host)
    : log_(host.log()), open_(host.metrics().gauge("desktop_viewers", "Connections to desktops of sessions")) {}

void Viewers::start() {
  thread_ = std::thread([this] { run(); });
}

void Viewers::stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  wake_->call();
  thread_.join();
  const std::lock_guard lock(mutex_);
  added_.clear();
  viewers_.clear();
  open_.set(0);
}

void Viewers::open(const mortise::Request& request, Desktops::Viewing viewing, sandbox::Fd screen) {
  const auto session = viewing.sessionId();
  const auto viewer = std::make_shared<Viewer>(std::move(viewing), std::move(screen));
  mortise::WebSocketOptions options;
  options.subprotocol = chosenSubprotocol(request);
  options.maxMessage = kMaxMessage;
  options.maxQueue = kMaxQueued;
  options.pingSeconds = kPingSeconds;
  // Weak: the viewer has the connection.
  const std::weak_ptr<Viewer> weak = viewer;
  options.onMessage = [weak, wake = wake_](mortise::Socket from, std::string_view message, bool binary) {
    const auto strong = weak.lock();
    if (strong && strong->take(from, message, binary)) wake->call();
  };
  options.onDrained = [wake = wake_] { wake->call(); };
  options.onClosed = [weak, wake = wake_, log = log_, session](int code, std::string_view reason) {
    log.info("a viewer left", {{"session", session}, {"code", code}, {"reason", reason}});
    const auto strong = weak.lock();
    if (!strong) return;
    {
      const std::lock_guard lock(strong->mutex);
      strong->left = true;
    }
    wake->call();
  };
  viewer->socket.emplace(request.upgrade(std::move(options)));
  log_.info("a viewer came", {{"session", session}, {"user", request.principal().userId}});
  {
    const std::lock_guard lock(mutex_);
    added_.push_back(viewer);
  }
  wake_->call();
}

void Viewers::close(std::string_view sessionId, int code, std::string_view reason) {
  const std::lock_guard lock(mutex_);
  for (const auto* list : {&added_, &viewers_}) {
    for (const auto& viewer : *list) {
      if (viewer->viewing.sessionId() == sessionId) viewer->socket->close(code, reason);
    }
  }
}

// Moves what can be moved. False: the connection is over.
bool Viewers::move(Viewer& viewer, char* bytes, std::size_t size) {
  bool resume = false;
  bool broken = false;
  {
    const std::lock_guard lock(viewer.mutex);
    if (viewer.left) return false;
    broken = !viewer.writeSome();
    resume = viewer.paused && viewer.waiting() <= kResumeAt;
    if (resume) viewer.paused = false;
  }
  if (resume) viewer.socket->pause(false);
  if (viewer.brokenAt) return awaitReason(viewer);
  for (int i = 0; i < kPiecesAtOnce && viewer.socket->queued() <= kPauseAt; ++i) {
    const auto got = recv(viewer.screen.get(), bytes, size, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) break;
    if (got > 0) {
      if (!viewer.socket->sendBinary({bytes, static_cast<std::size_t>(got)})) return false;
      continue;
    }
    broken = true;
    break;
  }
  if (!broken) return true;
  if (!viewer.brokenAt) viewer.brokenAt = Clock::now();
  return awaitReason(viewer);
}

// The connection of an X server that ends is over a moment before it is known that the X server is.
bool Viewers::awaitReason(Viewer& viewer) {
  const bool alive = viewer.viewing.desktop().alive();
  if (alive && Clock::now() - *viewer.brokenAt < kKnownAfter) return true;
  viewer.socket->close(alive ? 1000 : 1011, alive ? "" : "the desktop has ended");
  return false;
}

void Viewers::run() {
  pthread_setname_np(pthread_self(), "agent-viewers");
  std::vector<char> bytes(kPiece);
  std::vector<pollfd> polled;
  auto touchAt = Clock::now() + kTouchEvery;
  while (!stopping_) {
    std::vector<Ptr> gone;  // let go of without the lock: they leave their desktop
    {
      const std::lock_guard lock(mutex_);
      for (auto& viewer : added_) {
        viewer->viewing.desktop().box().touch();
        viewers_.push_back(std::move(viewer));
      }
      added_.clear();
    }
    // Only this thread changes the list.
    for (const auto& viewer : viewers_) {
      if (!move(*viewer, bytes.data(), bytes.size())) gone.push_back(viewer);
    }
    if (Clock::now() >= touchAt) {
      touchAt = Clock::now() + kTouchEvery;
      for (const auto& viewer : viewers_) viewer->viewing.desktop().box().touch();
    }
    {
      const std::lock_guard lock(mutex_);
      std::erase_if(viewers_,
                    [&](const Ptr& viewer) { return std::find(gone.begin(), gone.end(), viewer) != gone.end(); });
      open_.set(static_cast<std::int64_t>(viewers_.size()));
    }
    gone.clear();
    polled.assign(1, {wake_->fd(), POLLIN, 0});
    int timeout = kLookEvery;
    for (const auto& viewer : viewers_) {
      if (viewer->brokenAt) {
        timeout = kLookSoon;
        continue;
      }
      const std::lock_guard lock(viewer->mutex);
      short events = 0;
      if (viewer->socket->queued() <= kPauseAt) events |= POLLIN;
      if (viewer->waiting() > 0) events |= POLLOUT;
      // A descriptor of which nothing is wanted would still report its end again and again.
      polled.push_back({events == 0 ? -1 : viewer->screen.get(), events, 0});
    }
    poll(polled.data(), polled.size(), timeout);
    wake_->heard();
  }
}

}  // namespace agent::desktop
