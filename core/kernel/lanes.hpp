// The threads that run handlers: the lane `worker`, and the lane `password` for handlers that hash.
#pragma once

#include <atomic>

#include "core/base/worker_pool.hpp"
#include "core/config/config.hpp"

namespace mortise::kernel {

class Lanes {
 public:
  // `stopping` is set when the lanes stop; it ends their work with remote peers. It must outlive the lanes.
  Lanes(const config::Config& config, std::atomic<bool>& stopping);
  ~Lanes();  // stop()
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;

  WorkerPool& workers() { return workers_; }
  WorkerPool& passwords() { return passwords_; }
  // Finishes the queued work and accepts no more. A second call does nothing.
  void stop();

 private:
  std::atomic<bool>& stopping_;
  WorkerPool workers_;
  WorkerPool passwords_;
};

}  // namespace mortise::kernel
