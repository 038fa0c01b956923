// A screen in a session's box that people and programs share: an X server that speaks RFB (VNC) at a socket in the box,
// and a window manager; or the screen that a box has by itself, as those of sandbox services do.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "sandbox/sandbox.hpp"

namespace agent::desktop {

inline constexpr const char* kDisplay = ":1";  // DISPLAY of programs that show themselves there
inline constexpr int kWidth = 1280;
inline constexpr int kHeight = 1080;

// What a box below `root` (empty: /) lacks for it, as the operator reads it; empty: nothing.
std::string lackingFor(const std::string& root);

class Desktop {
 public:
  // [worker] Starts it; returns when the X server greets and windows are managed. Problem 503 as of Sandbox::start() and
  // Sandbox::connectScreen().
  Desktop(std::shared_ptr<sandbox::Sandbox> box, const sandbox::Stopped& stopped);
  // Ends its programs, without waiting.
  ~Desktop() = default;
  Desktop(const Desktop&) = delete;
  Desktop& operator=(const Desktop&) = delete;

  sandbox::Sandbox& box() const { return *box_; }
  // [any] Whether the X server runs; of a screen that a box has by itself, whether no connection to it failed.
  bool alive() const { return screen_ ? !screen_->status() : !*failed_; }
  // [worker] A connection to the X server, which greets first. Only with MSG_DONTWAIT: see Sandbox::connect(). Problem
  // 503 sandbox_unavailable.
  sandbox::Fd connect(const sandbox::Stopped& stopped = {}) const;
  // [worker] Waits until nothing of it is left; twenty seconds at most.
  void end();

 private:
  void removeStale() const;
  void await(sandbox::Program& program, const std::string& name, const sandbox::Stopped& stopped,
             const std::function<bool()>& ready) const;
  static bool greets(const sandbox::Fd& socket);
  std::string said() const;

  std::shared_ptr<sandbox::Sandbox> box_;
  sandbox::Fd said_;                          // what both programs write; kept open, and not waited for
  std::unique_ptr<sandbox::Program> screen_;  // none where the box has a screen by itself
  std::unique_ptr<sandbox::Program> windows_;
  const std::shared_ptr<std::atomic<bool>> failed_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace agent::desktop
