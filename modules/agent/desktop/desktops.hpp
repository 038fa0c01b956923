// The desktops of this server's sessions: made when somebody needs one, so many at once, ended when nobody looks.
#pragma once

#include <mortise/host.hpp>
#include <mortise/log.hpp>
#include <mortise/metrics.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "desktop/desktop.hpp"
#include "sandbox/periodic.hpp"
#include "sandbox/sandbox.hpp"

namespace agent::desktop {

using Clock = std::chrono::steady_clock;

class Desktops {
 public:
  struct Options {
    std::size_t most = 2;                                      // at once
    std::chrono::milliseconds idle{std::chrono::minutes(10)};  // after the last viewer
    std::chrono::milliseconds lookEvery{std::chrono::seconds(5)};
  };
  // Told, on the thread of a caller, that the programs of a session have a display from now on, or that they have none
  // (empty) in a moment. May take its time; throws nothing.
  using Moved = std::function<void(std::string_view sessionId, std::string_view display)>;

  // The driver outlives this.
  Desktops(mortise::Host host, sandbox::Driver& driver, Options options);
  ~Desktops() { stop(); }

  void start(Moved moved);
  // Ends all desktops. Whoever still holds one only finds that it has gone.
  void stop();

  // Somebody who looks at a desktop: it is not ended as idle while there is one. Move-only.
  class Viewing {
   public:
    Viewing(Desktops& desktops, std::string sessionId, std::shared_ptr<Desktop> desktop)
        : desktops_(&desktops), sessionId_(std::move(sessionId)), desktop_(std::move(desktop)) {}
    Viewing(Viewing&& other) noexcept
        : desktops_(std::exchange(other.desktops_, nullptr)),
          sessionId_(std::move(other.sessionId_)),
          desktop_(std::move(other.desktop_)) {}
    Viewing& operator=(Viewing&&) = delete;
    ~Viewing() {
      if (desktops_ != nullptr) desktops_->leave(sessionId_);
    }
    Desktop& desktop() const { return *desktop_; }
    const std::string& sessionId() const { return sessionId_; }

   private:
    Desktops* desktops_;
    std::string sessionId_;
    std::shared_ptr<Desktop> desktop_;
  };
  // [worker] The desktop of a session, with its box made if need be. Problem 503 sandbox_busy (with Retry-After) while
  // all desktops have viewers, 503 sandbox_unavailable.
  Viewing view(std::string_view sessionId, const sandbox::Stopped& stopped);
  // [worker] Brings the programs of the session onto a desktop that view() made, and that has not been presented yet.
  void present(std::string_view sessionId);
  // [any] When somebody looked at the session's desktop last: now while there are viewers, empty when never.
  std::optional<Clock::time_point> seenAt(std::string_view sessionId);
  // [worker] Ends a session's desktop and forgets it.
  void remove(std::string_view sessionId);

 private:
  struct Entry {
    bool changing = false;  // a thread starts or ends it
    bool presented = false;
    std::shared_ptr<Desktop> desktop{};
    std::size_t viewers = 0;
    std::optional<Clock::time_point> leftAt{};
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  void leave(std::string_view sessionId);
  void makeRoom(std::unique_lock<std::mutex>& lock);
  void end(std::unique_lock<std::mutex>& lock, Entry& entry, const std::string& sessionId, std::string_view why);
  std::shared_ptr<Desktop> begin(const std::string& sessionId, const sandbox::Stopped& stopped);
  void look();
  std::size_t running() const;

  sandbox::Driver& driver_;
  mortise::Log log_;
  mortise::Gauge open_;
  mortise::Counter refused_;
  Options options_;
  Moved moved_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Entries entries_;
  std::unique_ptr<sandbox::Periodic> looking_;
};

}  // namespace agent::desktop
