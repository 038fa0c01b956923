// The kernel's current use of the thread. The dispatcher, the I/O threads and the job runner set it; the host tables
// read it to refuse blocking calls on I/O threads and to put the request id into a module's log lines.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mortise::plugin {

class Call;

// none: a module's own thread, with the rights of a worker.
enum class ThreadLane : std::uint8_t { none, start, loop, worker };

// The request that a callback belongs to; the call itself may be over.
struct CallOrigin {
  std::string operationId;
  std::string requestId;
};

struct ThreadState {
  ThreadLane lane = ThreadLane::none;
  const Call* call = nullptr;          // set while ModuleInstance::handle runs
  std::string_view jobId;              // set while ModuleInstance::runJob runs
  const CallOrigin* origin = nullptr;  // set while a callback of a stream or a WebSocket runs
};

inline thread_local ThreadState currentThread;

// Whether the handler on this thread works for a request whose time is over or whose client has gone. For host
// functions whose work may be long.
bool currentCallExpired();
// Of the call that this thread handles, or that its callback belongs to; else empty.
std::string_view currentOperationId();
std::string_view currentRequestId();

class OriginScope {
 public:
  explicit OriginScope(const CallOrigin& origin) : before_(currentThread.origin) { currentThread.origin = &origin; }
  ~OriginScope() { currentThread.origin = before_; }
  OriginScope(const OriginScope&) = delete;
  OriginScope& operator=(const OriginScope&) = delete;

 private:
  const CallOrigin* before_;
};

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
