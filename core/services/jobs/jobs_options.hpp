#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

#include "core/services/jobs/job_clock.hpp"

namespace mortise::ops {
class Registry;
}

namespace mortise::services {

struct JobsOptions {
  std::string node = "local";              // this server: the same after a restart, and no other's
  std::string boot;                        // this start of it; empty: a new one
  bool shared = false;                     // other servers may use the same database
  std::chrono::milliseconds lease{10000};  // time after which another server takes over from a crashed one
  std::size_t workers = 5;
  std::string timezone = "Asia/Shanghai";  // of API triggers without a zone
  JobClock* clock = &JobClock::system();
  ops::Registry* metrics = nullptr;
  std::function<void()> changed;   // called after a change: notifies the other servers, which call noticeChanges()
  std::function<void()> reported;  // called, on any thread, after what runs report was stored
};

}  // namespace mortise::services
