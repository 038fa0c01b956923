// The jobs of one module: those of its manifest and those it put, over services::Jobs, where they are called
// "module.id".
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "core/plugin/manifest.hpp"
#include "mortise/abi/jobs.h"

namespace mortise::services {
class JobRun;
class Trigger;
}  // namespace mortise::services

namespace mortise::plugin {

class Host;
class ModuleInstance;

// Thread-safe. What is wrong with an argument or the job engine: services::ServiceError.
class JobBook {
 public:
  explicit JobBook(Host& host) : host_(host) {}
  ~JobBook();
  JobBook(const JobBook&) = delete;
  JobBook& operator=(const JobBook&) = delete;

  void runWith(ModuleInstance* instance) { instance_ = instance; }
  void declare(const JobDeclaration& job);  // of the manifest
  void put(std::string_view id, std::string_view trigger, std::string_view zone, std::string_view payload);
  // False when there is no such job. One that runs is asked to stop, not waited for: it may be the caller.
  bool remove(std::string_view id);
  void trigger(std::string_view id);
  bool exists(std::string_view id) const;
  bool cancel(std::string_view runId);  // false: no such run of this module
  // Ends all of them and waits for those that run. Idempotent.
  void close() noexcept;

 private:
  struct Entry {
    std::string payload;
    bool removed = false;  // may run for the last time; taken out of the engine afterwards
  };
  std::string fullName(std::string_view id) const;
  void add(const std::string& id, Entry entry, const services::Trigger& trigger);
  std::string run(const std::string& id, services::JobRun& run);
  void reapIfAny();  // with the lock held

  Host& host_;
  ModuleInstance* instance_ = nullptr;
  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::map<std::string, std::string, std::less<>> active_;  // run -> job
};

}  // namespace mortise::plugin
