// The object behind a mortise_run*: one run, from the module's side.
#pragma once

#include <atomic>
#include <string>

#include "core/services/jobs/job_run.hpp"
#include "mortise/abi/jobs.h"

struct mortise_run {
  mortise::services::JobRun* run = nullptr;
  const std::atomic<bool>* stopping = nullptr;  // of the module
  std::string job;                              // its id within the module
};
