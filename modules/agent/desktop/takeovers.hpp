// Who has the browser of a session: its agent, or the user, who took it over for a while.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "sandbox/periodic.hpp"

namespace agent::desktop {

enum class Holder : std::uint8_t { agent, user };

// Kept in memory: a takeover ends with the server, as the session's box does. [any]
class Takeovers {
 public:
  using Clock = std::chrono::steady_clock;
  struct Times {
    std::chrono::milliseconds unseen{
        std::chrono::minutes(10)};  // that a user who left the desktop, or never came, keeps it
    std::chrono::milliseconds lookEvery{std::chrono::seconds(5)};
  };
  // When somebody looked at the session's desktop last; empty: never.
  using SeenAt = std::function<std::optional<Clock::time_point>(std::string_view sessionId)>;
  // Called at each change, one after the other. May neither wait, nor throw, nor call back.
  using Changed = std::function<void(std::string_view sessionId, Holder holder)>;

  explicit Takeovers(SeenAt seenAt) : Takeovers(std::move(seenAt), Times{}) {}
  Takeovers(SeenAt seenAt, Times times) : seenAt_(std::move(seenAt)), times_(times) {}
  ~Takeovers() { stop(); }

  void start(Changed changed);
  void stop() { looking_.reset(); }

  void take(std::string_view sessionId);
  // Its user released it, or wrote the agent a message. False: the agent had it already.
  bool release(std::string_view sessionId);
  Holder holder(std::string_view sessionId);
  // Calls `Changed` once more with who has it: the browser may be another one than when that changed.
  void notify(std::string_view sessionId);
  void remove(std::string_view sessionId);

 private:
  bool hasEnded(const std::string& sessionId, Clock::time_point since) const;
  void look();

  SeenAt seenAt_;
  Times times_;
  Changed changed_;
  std::mutex mutex_;
  std::map<std::string, Clock::time_point, std::less<>> since_;  // by the sessions whose browsers users have
  std::unique_ptr<sandbox::Periodic> looking_;
};

}  // namespace agent::desktop
