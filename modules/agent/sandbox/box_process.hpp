// The processes of one box, from start to the last of them, and the link to its helper. Workers use it; one thread
// (box_thread.hpp) moves its bytes and watches its end.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "box_limits.hpp"
#include "fd.hpp"
#include "link.hpp"
#include "sandbox.hpp"
#include "spawn.hpp"

namespace agent::sandbox {

using Clock = std::chrono::steady_clock;

class BoxProcess {
 public:
  // `wake`: makes the thread look at this box; any thread may call it.
  BoxProcess(SpawnPlan plan, BoxGroup group, const wire::Hello& limits, std::function<void()> wake);

  // --- [worker]
  // The link, locked. Throws Problem 503 sandbox_unavailable when the box has ended.
  class Use {
   public:
    explicit Use(BoxProcess& process);
    Link& link() { return process_.link_; }
    // Sends what the link has to say.
    void send() { process_.flush(); }
    // Sends, then waits until `done`; false when it is not by `deadline`, or `stopped` says so. Throws as above.
    bool wait(const std::function<bool()>& done, Clock::time_point deadline, const Stopped& stopped = {});
    // Lets others in for a while.
    void unlock() { lock_.unlock(); }
    void lock();

   private:
    void check() const;
    BoxProcess& process_;
    std::unique_lock<std::mutex> lock_;
  };
  Use use() { return Use(*this); }

  // Whether the helper answered in time; `why()` tells why not.
  bool awaitReady(std::chrono::milliseconds most);
  // Whether nothing is left of it.
  bool awaitGone(std::chrono::milliseconds most);
  bool alive() const;
  std::string why() const;
  // Ends the box. `reason` is for the log and for those who still use it.
  void end(std::string reason);
  // Whom the processes of the box belong to on this machine.
  uid_t user() const { return plan_.user; }
  // Of the outer bubblewrap; 0 before it runs.
  pid_t pid() const;

  // --- [box thread]
  void start();
  bool gone() const;
  // Descriptors to poll; -1 for none.
  struct Watched {
    int socket = -1;
    bool sends = false;
    int process = -1;
    int errors = -1;
  };
  Watched watched() const;
  void onSocket();
  void onErrors();
  void onProcess();
  // Milliseconds until the next call at most.
  int tick(Clock::time_point now);

 private:
  void flush();
  void repay(Clock::time_point now);
  void endLocked(std::string reason);
  void kill();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  SpawnPlan plan_;
  BoxGroup group_;
  std::function<void()> wake_;
  Link link_;
  Spawned spawned_;
  std::string said_;    // by bubblewrap
  std::string reason_;  // why it ended
  bool ended_ = false;
  bool killed_ = false;
  bool reaped_ = false;
  bool gone_ = false;
  pid_t inner_ = 0;  // process 1 of the box as this machine numbers it
  Fd innerProcess_;  // the same as a descriptor; it ends after all others of the box
  Clock::time_point startedAt_{};
  Clock::time_point endedAt_{};
  Clock::time_point pingedAt_{};
  Clock::time_point heardAt_{};
  Clock::time_point repaidAt_{};
  double budget_;
};

}  // namespace agent::sandbox
