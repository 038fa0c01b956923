// The kernel's current use of the thread. The dispatcher, the I/O threads and the job runner set it; the host tables
// read it to refuse blocking calls on I/O threads and to put the request id into a module's log lines.
#pragma once

#include <cstdint>
#include <string_view>

namespace mortise::plugin {

class Call;

// none: a module's own thread, with the rights of a worker.
enum class ThreadLane : std::uint8_t { none, start, loop, worker };

struct ThreadState {
  ThreadLane lane = ThreadLane::none;
  const Call* call = nullptr;  // set while ModuleInstance::handle runs
  std::string_view jobId;      // set while ModuleInstance::runJob runs
};

inline thread_local ThreadState currentThread;

// Whether the handler on this thread works for a request that nobody waits for any more. For host functions whose work
// may be long.
bool currentCallExpired();

// Sets the thread's use for one scope and restores the earlier one.
class LaneScope {
 public:
  explicit LaneScope(ThreadLane lane) : before_(currentThread.lane) { currentThread.lane = lane; }
  ~LaneScope() { currentThread.lane = before_; }
  LaneScope(const LaneScope&) = delete;
  LaneScope& operator=(const LaneScope&) = delete;

 private:
  ThreadLane before_;
};

}  // namespace mortise::plugin
