// What is behind a mortise_run*: one run, from the module's side.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

#include "core/services/jobs/jobs.hpp"
#include "mortise/abi/jobs.h"

struct mortise_run {
  const mortise::services::JobRun* run = nullptr;
  const std::atomic<bool>* stopping = nullptr;  // of the module
  std::string module, job, payload;
  std::int64_t startedAt = 0;
  std::mutex mutex;
  std::string output;
};
