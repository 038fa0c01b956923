// The job kernel.scrub_blobs: one pass over the blobs of every scope, told in the run's record and its reports, one for
// each scope, in the log and by a metric.
#pragma once

#include <cstdint>
#include <string>

#include "core/ops/metrics.hpp"
#include "core/services/blobs/blob_scrub.hpp"
#include "core/services/jobs/job_run.hpp"

namespace mortise::kernel {

class ScrubJob {
 public:
  // `bytesPerSecond`: 0 = no limit.
  ScrubJob(services::Blobs& blobs, ops::Registry& metrics, std::uint64_t bytesPerSecond);

  // Text for the run's record. Throws, so that the run fails, when a blob is damaged or can't be read, and what the
  // store throws when it can't be listed.
  std::string run(services::JobRun& run);
  // Sets mortise_blobs_damaged to the number of damaged blobs that lie aside now.
  void count();

 private:
  services::Blobs& blobs_;
  ops::Gauge& damaged_;
  const std::uint64_t rate_;
};

}  // namespace mortise::kernel
