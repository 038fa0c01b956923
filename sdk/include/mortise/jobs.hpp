// Jobs: functions of the module that the kernel runs later, once or on a schedule (jobs/1).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mortise/abi/jobs.h"
#include "mortise/db.hpp"
#include "mortise/host.hpp"
#include "mortise/problem.hpp"
#include "mortise/sink_result.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

// A job that a module makes while the server runs. One that the module always has belongs in module.yaml.
struct Job {
  std::string id;                     // unique within the module, 1..200 bytes: "user-42"
  std::string trigger;                // "cron: 0 4 * * *", "every: PT5M", "at: 2030-01-01T00:00:00Z"
  std::string zone{};                 // IANA name that a cron text counts in; empty: UTC
  std::string payload{};              // handed to each run; at most 64 KiB
  std::string name{};                 // for people, at most 200 bytes; empty: the id
  std::string description{};          // one sentence, at most 1000 bytes; empty: the name
  std::chrono::seconds jitter{0};     // each run comes up to so much late; at most a day
  std::chrono::seconds timeLimit{0};  // then a run is asked to stop and recorded as timed_out; 0: none
  int maxInstances = 1;               // runs at once, 1..100
  // A run that would start later than this is left out; negative: never.
  std::chrono::seconds misfireGrace{300};
  bool coalesce = true;  // missed times become one run; false: each one within the grace runs
};

// What list() tells of one job of this module. Times are microseconds since the epoch.
struct JobState {
  std::string id;
  std::string trigger;  // an operator may have changed it
  std::string zone;
  std::int64_t nextRunAt = 0;  // 0: paused, or never again
  std::int64_t lastRunAt = 0;  // 0: never yet
  bool declared = false;       // in module.yaml
  bool paused = false;
  std::int64_t running = 0;  // runs that go on, on all servers
};

// What a run says of one of its targets: what it cleans, checks, fetches.
struct JobReport {
  enum class State : std::int32_t {
    done = MORTISE_TARGET_DONE,
    pending = MORTISE_TARGET_PENDING,
    running = MORTISE_TARGET_RUNNING,
  };

  std::string target;         // its name within the run, for people; 1..255 bytes
  State state = State::done;  // then it failed when `failure` is not empty
  std::int64_t synced = 0;    // items looked at or brought over
  std::int64_t created = 0;
  std::int64_t updated = 0;
  std::int64_t deleted = 0;
  std::string failure{};  // why the target failed, shown to people: no secrets; cut to 8 KiB
  std::string details{};  // JSON object of at most 64 KiB, or empty
};

// [worker] [start]. Failures throw Problem: 422 with the reason in its note,
// 404, 503. Runs of put jobs arrive at the function bound with Bindings::anyJob().
class Jobs {
 public:
  using Table = mortise_jobs_v1;
  static constexpr const char* kInterface = MORTISE_JOBS_V1;
  Jobs(mortise_host* host, const Table* table) noexcept : host_(host), table_(table) {}

  // The same inside a transaction of Db::transaction(): put() and remove() are committed with it.
  Jobs in(const Transaction& tx) const noexcept { return Jobs(tx.host(), table_); }

  // Adds a job, or replaces the one with this id. It stays until it is removed, over restarts too; with the same
  // trigger and zone its next run and its pause stay.
  void put(const Job& job) const {
    mortise_job c{};
    c.struct_size = sizeof c;
    c.id = detail::str(job.id);
    c.trigger = detail::str(job.trigger);
    c.zone = detail::str(job.zone);
    c.payload = detail::str(job.payload);
    c.name = detail::str(job.name);
    c.description = detail::str(job.description);
    c.jitter_seconds = job.jitter.count();
    c.time_limit_seconds = job.timeLimit.count();
    c.max_instances = job.maxInstances;
    // In C a 0 stands for the default.
    const std::int64_t grace = job.misfireGrace.count();
    c.misfire_grace_seconds = grace < 0 ? -1 : grace > 0 ? grace : 1;
    c.each_missed = job.coalesce ? 0 : 1;
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
  // This module's jobs by id, of module.yaml and put. Problem 503 with an older kernel.
  std::vector<JobState> list() const {
    if (!MORTISE_HAS(table_, mortise_jobs_v1, list))
      throw Problem(503, "unavailable").note("this kernel's jobs/1 has no list; run a newer one");
    detail::SinkResult<std::vector<JobState>> got;
    got.value.emplace();
    auto error = detail::noError();
    const auto status = table_->list(
        host_,
        [](void* context, const mortise_job_state* c) {
          auto& out = *static_cast<detail::SinkResult<std::vector<JobState>>*>(context);
          out.keep([&] {
            out.value->push_back({detail::copied(c->id), detail::copied(c->trigger), detail::copied(c->zone),
                                  c->next_run_at, c->last_run_at, c->declared != 0, c->paused != 0, c->running});
          });
        },
        &got, &error);
    check(status, error);
    return std::move(got.finish(kInterface));
  }

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
  // True: asked for by Jobs::trigger() or a person, not by the clock.
  bool triggered() const { return table_->triggered(run_) != 0; }
  // When the clock asked for it; a run that was triggered: when it was asked for. Microseconds since the epoch.
  std::int64_t dueAt() const {
    return MORTISE_HAS(table_, mortise_jobs_v1, due_at) ? table_->due_at(run_) : table_->started_at(run_);
  }
  // User number of the person that asked for a manual run; 0: none.
  std::int64_t createdBy() const {
    return MORTISE_HAS(table_, mortise_jobs_v1, created_by) ? table_->created_by(run_) : 0;
  }
  // True: finish soon. Ask between steps.
  bool cancelled() const { return table_->cancelled(run_) != 0; }
  void progress(int percent, std::string_view text = {}) const { table_->progress(run_, percent, detail::str(text)); }
  // One line for the run's record, which keeps the last 64 KiB.
  void output(std::string_view line) const { table_->output(run_, detail::str(line)); }
  // What the run did to one target, or how far it is with it, in place of what it reported of that target before. Stored
  // with the run's record; the module sync shows it as a sync session. In a transaction: after the commit. Problem 422
  // (a value that breaks a rule; the note says which), 507 (more than 100,000 targets). An older kernel drops it. [any]
  void report(const JobReport& report) const {
    if (!MORTISE_HAS(table_, mortise_jobs_v1, report)) return;
    mortise_job_report c{};
    c.struct_size = sizeof c;
    c.state = static_cast<std::int32_t>(report.state);
    c.target = detail::str(report.target);
    c.synced = report.synced;
    c.created = report.created;
    c.updated = report.updated;
    c.deleted = report.deleted;
    c.failure = detail::str(report.failure);
    c.details = detail::str(report.details);
    auto error = detail::noError();
    const auto status = table_->report(run_, &c, &error);
    if (status != MORTISE_OK) throw detail::problemFrom(status, error, MORTISE_JOBS_V1);
  }

 private:
  const mortise_jobs_v1* table_;
  mortise_run* run_;
};

inline Jobs Host::jobs() const { return need<Jobs>(); }

}  // namespace mortise::inline sdk1
