#include "core/services/jobs/job_metrics.hpp"

namespace mortise::services {
namespace {
constexpr const char* kStarted = "Runs of jobs that were started";
constexpr const char* kSkipped = "Due times at which no run was started";
}  // namespace

JobMetrics::JobMetrics(ops::Registry* registry)
    : own_(registry == nullptr ? std::make_unique<ops::Registry>() : nullptr),
      registry_(registry == nullptr ? own_.get() : registry),
      due_(&registry_->counter("mortise_jobs_due_total", "Due times that the runner dealt with")),
      startedByClock_(&registry_->counter("mortise_job_runs_started_total", kStarted, {{"by", "clock"}})),
      startedByHand_(&registry_->counter("mortise_job_runs_started_total", kStarted, {{"by", "hand"}})),
      overlap_(&registry_->counter("mortise_job_runs_skipped_total", kSkipped, {{"reason", "still_running"}})),
      misfire_(&registry_->counter("mortise_job_runs_skipped_total", kSkipped, {{"reason", "too_late"}})),
      lateness_(
          &registry_->histogram("mortise_job_lateness_seconds", "From the time a run was due to its start",
                                {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300})) {}

void JobMetrics::ended(std::string_view outcome) {
  registry_->counter("mortise_job_runs_ended_total", "Runs of jobs that ended", {{"outcome", std::string(outcome)}})
      .add();
}

}  // namespace mortise::services
