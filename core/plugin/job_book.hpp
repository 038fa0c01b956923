// The jobs of one module: those of its manifest and those it created at run time, over services::Jobs, where they are
// called "module.id".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mortise/abi/jobs.h"

namespace mortise::services {
class JobRun;
struct StoredJob;
}  // namespace mortise::services

namespace mortise::plugin {

class Host;
class ModuleInstance;

// Thread-safe. Throws services::ServiceError for invalid arguments and for refusals of the job engine.
class JobBook {
 public:
  explicit JobBook(Host& host) : host_(host) {}
  ~JobBook();
  JobBook(const JobBook&) = delete;
  JobBook& operator=(const JobBook&) = delete;

  void runWith(ModuleInstance* instance) { instance_ = instance; }
  // From now on the module's jobs run: those of its manifest, and those it created, now or before a restart.
  void open();
  void put(const mortise_job& job);
  // Returns false when there is no such job. A running one is asked to stop but not awaited: it may be the caller.
  bool remove(std::string_view id);
  void trigger(std::string_view id);
  bool exists(std::string_view id) const;
  std::vector<services::StoredJob> list() const;
  bool cancel(std::string_view runId);  // false: no such run of this module
  // Starts no further run; waits for the current ones. Idempotent.
  void close() noexcept;

 private:
  std::string fullName(std::string_view id) const;
  std::string run(services::JobRun& run);

  Host& host_;
  ModuleInstance* instance_ = nullptr;
  bool open_ = false;
};

}  // namespace mortise::plugin
