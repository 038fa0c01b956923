// The job sweep: contents that no file holds any more, and files whose owner was deleted.
#pragma once

#include <mortise/blobs.hpp>
#include <mortise/host.hpp>
#include <mortise/jobs.hpp>
#include <mortise/log.hpp>

#include <cstdint>

#include "file_service.hpp"
#include "file_store.hpp"

namespace files {

// Stops early when its run is cancelled. [worker]
class Sweep {
 public:
  Sweep(mortise::Host host, const FileService& service);

  void run(mortise::JobRun& run);

 private:
  // Each returns how many.
  std::int64_t removeUnheld(const mortise::JobRun& run, mortise::Time old) const;
  std::int64_t removeUnknown(const mortise::JobRun& run, mortise::Time old) const;

  mortise::Log log_;
  mortise::Blobs blobs_;
  const FileService& service_;
  FileStore store_;
};

}  // namespace files
