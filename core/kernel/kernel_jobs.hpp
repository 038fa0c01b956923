// The kernel's own jobs: removing expired rows and leftovers, and the scrub of blobs.
#pragma once

#include "core/base/worker_pool.hpp"
#include "core/kernel/parts.hpp"
#include "core/kernel/plan.hpp"
#include "core/kernel/scrub_job.hpp"
#include "core/kernel/stores.hpp"

namespace mortise::kernel {

class KernelJobs {
 public:
  // Declares the jobs and starts the engine; by now the modules have declared theirs. The arguments must outlive it.
  KernelJobs(const Plan& plan, Stores& stores, Parts& parts);
  // Ends the runs of all jobs; waits at most ten seconds for them.
  ~KernelJobs();
  KernelJobs(const KernelJobs&) = delete;
  KernelJobs& operator=(const KernelJobs&) = delete;

  // Posts the hourly work at once, for servers that stop within the hour. `workers` must stop before this object is
  // destroyed.
  void cleanNow(WorkerPool& workers);

 private:
  std::int64_t expireAudit();
  std::size_t cleanUploads();

  const config::Config& config_;
  Stores& stores_;
  Parts& parts_;
  ScrubJob scrub_;
};

}  // namespace mortise::kernel
