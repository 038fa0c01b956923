// The module: the jobs of all modules over HTTP.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/log.hpp>
#include <mortise/module.hpp>
#include <mortise/scheduler.hpp>
#include <mortise/sync_sessions.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace scheduler {

// Checks come in the order that the family's clients were written against: the body, whether the scheduler is on (409),
// whether there is such a job (404), and then the rest.
class SchedulerModule final : public mortise::Module {
 public:
  explicit SchedulerModule(mortise::Host host);
  void bind(mortise::Bindings& on) override;
  void start() override;

 private:
  mortise::Reply listJobs(const mortise::Request& request) const;
  mortise::Reply readJob(const mortise::Request& request) const;
  mortise::Reply changeTrigger(const mortise::Request& request) const;
  mortise::Reply removeJob(const mortise::Request& request) const;
  mortise::Reply pauseJob(const mortise::Request& request) const;
  mortise::Reply resumeJob(const mortise::Request& request) const;
  mortise::Reply runJob(const mortise::Request& request) const;
  mortise::Reply reloadJobs(const mortise::Request& request) const;
  mortise::Reply previewTrigger(const mortise::Request& request) const;
  mortise::Reply listRuns(const mortise::Request& request) const;
  mortise::Reply cancelRun(const mortise::Request& request) const;

  void purgeRuns(mortise::JobRun& run);

  // Problem 409 scheduler_stopped.
  void requireEnabled() const;
  // Problem 404 scheduler_job_not_found.
  mortise::ScheduledJob found(std::string_view id) const;
  void changed(const mortise::Request& request, std::string_view action) const;

  mortise::Host host_;
  mortise::Log log_;
  mortise::Scheduler scheduler_;
  mortise::Audit audit_;
  std::optional<mortise::SyncSessions> sessions_;
  bool enabled_;
  std::int64_t runRetention_;  // microseconds
};

}  // namespace scheduler
