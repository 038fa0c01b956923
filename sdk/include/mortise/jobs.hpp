// Jobs: functions of the module that the kernel runs later, once or on a schedule (jobs/1).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "mortise/abi/jobs.h"
#include "mortise/host.hpp"
#include "mortise/problem.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

// A job that is only known while the server runs. One that the module always has belongs in module.yaml.
struct Job {
  std::string id;         // unique within the module, 1..200 bytes: "user-42"
  std::string trigger;    // "cron: 0 4 * * *", "every: PT5M", "at: 2030-01-01T00:00:00Z"
  std::string zone{};     // IANA name that a cron text counts in; empty: UTC
  std::string payload{};  // handed to each run; at most 64 KiB
};

// [worker] [start]. Failures throw Problem: 422 with the reason in its note,
// 404, 503. Runs of put jobs arrive at the function bound with Bindings::anyJob().
class Jobs {
 public:
  using Table = mortise_jobs_v1;
  static constexpr const char* kInterface = MORTISE_JOBS_V1;
  Jobs(mortise_host* host, const Table* table) noexcept : host_(host), table_(table) {}

  // Adds a job, or replaces the one with this id. Put again in start() what must be there after a restart.
  void put(const Job& job) const {
    mortise_job c{};
    c.struct_size = sizeof c;
    c.id = detail::str(job.id);
    c.trigger = detail::str(job.trigger);
    c.zone = detail::str(job.zone);
    c.payload = detail::str(job.payload);
    auto error = detail::noError();
    check(table_->put(host_, &c, &error), error);
  }
  // False when there was none. A run that is going on is asked to stop.
  bool remove(std::string_view id) const { return foundOr(table_->remove, id); }
  // Runs a job once, now, besides its schedule.
  void trigger(std::string_view id) const {
    auto error = detail::noError();
    check(table_->trigger(host_, detail::str(id), &error), error);
  }
  bool exists(std::string_view id) const noexcept { return table_->exists(host_, detail::str(id)) != 0; }
  // Asks one run to stop. False when it is not running (any more).
  bool cancel(std::string_view run_id) const { return foundOr(table_->cancel, run_id); }

 private:
  using Function = mortise_status (*)(mortise_host*, mortise_str, mortise_error*);
  bool foundOr(Function function, std::string_view id) const {
    auto error = detail::noError();
    const auto status = function(host_, detail::str(id), &error);
    if (status == MORTISE_NOT_FOUND) return false;
    check(status, error);
    return true;
  }
  static void check(mortise_status status, const mortise_error& error) {
    if (status != MORTISE_OK) throw detail::problemFrom(status, error, kInterface);
  }

  mortise_host* host_;
  const Table* table_;
};

// One run of a job, given to the function that does the work; good until that returns. Returning is success, throwing
// is failure (its text goes into the run's record). [worker]
class JobRun {
 public:
  JobRun(const mortise_jobs_v1* table, mortise_run* run) noexcept : table_(table), run_(run) {}
  JobRun(const JobRun&) = delete;
  JobRun& operator=(const JobRun&) = delete;

  Text id() const { return table_->run_id(run_); }
  Text jobId() const { return table_->job_id(run_); }
  Text payload() const { return table_->payload(run_); }
  std::chrono::system_clock::time_point startedAt() const {
    return std::chrono::system_clock::time_point(std::chrono::duration_cast<std::chrono::system_clock::duration>(
        std::chrono::microseconds(table_->started_at(run_))));
  }
  // True: asked for by Jobs::trigger(), not by the clock.
  bool triggered() const { return table_->triggered(run_) != 0; }
  // True: finish soon. Ask between steps.
  bool cancelled() const { return table_->cancelled(run_) != 0; }
  void progress(int percent, std::string_view text = {}) const { table_->progress(run_, percent, detail::str(text)); }
  // One line for the run's record.
  void output(std::string_view line) const { table_->output(run_, detail::str(line)); }

 private:
  const mortise_jobs_v1* table_;
  mortise_run* run_;
};

inline Jobs Host::jobs() const { return need<Jobs>(); }

}  // namespace mortise::inline sdk1
