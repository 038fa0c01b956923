// The module: the jobs of all modules over HTTP.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/log.hpp>
#include <mortise/module.hpp>
#include <mortise/scheduler.hpp>

#include <chrono>
#include <string_view>

#include "scheduler_contract.hpp"

namespace scheduler {

// Checks come in the order that the family's clients were written against: the body, whether the scheduler is on (409),
// whether there is such a job (404), and then the rest.
class SchedulerModule final : public mortise::ModuleServing<scheduler_contract::scheduler::Scheduler> {
 public:
  explicit SchedulerModule(mortise::Host host);
  void bind(mortise::Bindings& on) override;
  void start() override;

 private:
  mortise::Reply listJobs(const mortise::Request& request) override;
  mortise::Reply readJob(const mortise::Request& request) override;
  mortise::Reply changeTrigger(const mortise::Request& request, const mortise::Json& body) override;
  mortise::Reply removeJob(const mortise::Request& request) override;
  mortise::Reply pauseJob(const mortise::Request& request) override;
  mortise::Reply resumeJob(const mortise::Request& request) override;
  mortise::Reply runJob(const mortise::Request& request) override;
  mortise::Reply reloadJobs(const mortise::Request& request) override;
  mortise::Reply previewTrigger(const mortise::Request& request, const mortise::Json& body) override;
  mortise::Reply listRuns(const mortise::Request& request) override;
  mortise::Reply cancelRun(const mortise::Request& request) override;

  void purgeRuns(mortise::JobRun& run);

  // Problem 409 scheduler_stopped.
  void requireEnabled() const;
  // Problem 404 scheduler_job_not_found.
  mortise::ScheduledJob jobOf(const mortise::Request& request) const;
  // Audits and logs a change of the path's job.
  void record(const mortise::Request& request, std::string_view action) const;

  mortise::Log log_;
  mortise::Scheduler scheduler_;
  mortise::Audit audit_;
  bool enabled_;
  std::chrono::milliseconds runRetention_;
};

}  // namespace scheduler
