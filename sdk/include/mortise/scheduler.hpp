// The jobs of all modules and of the kernel, for a module that gives them a face: scheduler/1. A module that only wants
// work done uses jobs/1.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mortise/abi/scheduler.h"
#include "mortise/host.hpp"
#include "mortise/jobs.hpp"
#include "mortise/problem.hpp"
#include "mortise/sink_result.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

// When a job runs. An empty or blank text is not given.
struct Trigger {
  std::string type;        // "cron", "interval" or "date"; case counts
  std::string timezone{};  // IANA name that cron counts in; empty: the option jobs.timezone
  // cron: the expression of 5, 6 or 7 parts, and single fields, each of which overrides its part.
  std::string cronExpression{};
  std::string second{};
  std::string minute{};
  std::string hour{};
  std::string day{};  // also "last", "2nd fri", "last fri"
  std::string month{};
  std::string weekday{};  // 0 is Monday
  std::string year{};
  // interval: added up; one that is not positive counts nothing.
  std::int64_t weeks = 0;
  std::int64_t days = 0;
  std::int64_t hours = 0;
  std::int64_t minutes = 0;
  std::int64_t seconds = 0;
  // date: ISO 8601; without an offset in the zone of jobs.timezone
  std::string runDate{};
};

// Times are microseconds since the epoch, 0: none; a time as text is ISO 8601 with an offset, empty: none.
struct ScheduledJob {
  std::string id;      // "module.job"
  std::string module;  // "kernel" for the kernel's own
  std::string job;     // its id within the module: the function's name
  std::string name;
  std::string description;  // one sentence; the name when none was given
  bool builtin = false;     // declared by a module.yaml or the kernel
  bool paused = false;
  bool loaded = false;       // its module runs on this server
  std::int64_t running = 0;  // runs that go on, on all servers
  std::int64_t nextRunAt = 0;
  std::string nextRunTime;  // in the trigger's zone
  std::int64_t lastRunAt = 0;
  std::string lastRunTime;  // in UTC
  std::string triggerType;  // cron, interval, date
  std::string triggerText;  // "cron[hour='1', minute='0']", "interval[0:15:00]", "date[2030-01-01 19:04:00 UTC]"
  std::string timezone;
  std::string second, minute, hour, day, month, weekday, year;  // cron: the effective text of each field
  std::string payload;
  std::int64_t misfireGraceSeconds = 0;  // -1: a late run always starts
  std::int64_t maxInstances = 0;
  bool coalesce = true;
  std::int64_t jitterSeconds = 0;
  std::int64_t timeLimitSeconds = 0;  // 0: none
};

struct JobRunRecord {
  std::string id;
  std::string jobId;
  std::string outcome;  // running, succeeded, failed, cancelled, timed_out, lost
  std::string error;
  std::string output;  // the last 64 KiB of what it wrote
  std::string node;
  std::int64_t dueAt = 0;
  std::int64_t startedAt = 0;
  std::int64_t endedAt = 0;  // 0: goes on
  bool manual = false;
  std::int64_t createdBy = 0;
  int percent = -1;
  std::string progress;
};

// What a run reported of one target, with JobRun::report().
struct ReportedTarget : JobReport {
  std::int64_t number = 0;     // within the run: 1, 2, ... in the order of their first reports
  std::int64_t startedAt = 0;  // when it was first reported as running; 0: never
  std::int64_t endedAt = 0;    // when it was reported as done; 0: not yet
  std::int64_t revision = 0;   // of this change
};

// Changes of one run that come one after the other: of targets, of the run itself, or both. Each has the next revision,
// over all runs and servers.
struct ReportedRun {
  std::int64_t revision = 0;  // of the last change in here
  JobRunRecord run;           // as it stands
  // False: later changes of the run follow, perhaps of targets that it reported before it ended.
  bool isLatest = false;
  std::vector<ReportedTarget> targets;  // that changed, by revision
};

struct SchedulerStatus {
  bool enabled = false;
  bool runner = false;     // this server holds the lease
  std::string node;        // this server
  std::string runnerNode;  // the server that holds the lease; empty: none
  std::int64_t epoch = 0;
  std::int64_t jobs = 0;
  std::int64_t running = 0;
};

struct SchedulerReload {
  std::vector<std::string> deleted;
  std::int64_t deletedCount = 0;
  std::vector<std::string> reloaded;
};

struct FirePreview {
  std::vector<std::string> times;  // in `timezone`, ISO 8601 with the offset of that instant
  std::string timezone;
};

// [worker] [start]. Whether the caller may do it is the module's to know. Failures throw Problem: 404 job_not_found,
// run_not_found; 422 trigger_type, cron_parts, timezone, trigger, from (the note names field and rule); 503.
class Scheduler {
 public:
  using Table = mortise_scheduler_v1;
  static constexpr const char* kInterface = MORTISE_SCHEDULER_V1;
  Scheduler(mortise_host* host, const Table* table) noexcept : host_(host), table_(table) {}

  // While off this server is not the runner, starts no run and refuses manual ones. Call it in start().
  void enable(bool on) const {
    auto error = detail::noError();
    check(table_->enable(host_, on ? 1 : 0, &error), error);
  }
  SchedulerStatus status() const {
    Got<SchedulerStatus> got;
    auto error = detail::noError();
    const auto status = table_->status(
        host_,
        [](void* context, const mortise_scheduler_status* c) {
          auto& out = *static_cast<Got<SchedulerStatus>*>(context);
          out.keep([&] {
            out.value = SchedulerStatus{
                c->enabled != 0, c->runner != 0, detail::copied(c->node), detail::copied(c->runner_node), c->epoch,
                c->jobs,         c->running};
          });
        },
        &got, &error);
    check(status, error);
    return std::move(got.finish(kInterface));
  }

  // All jobs by id, ascending.
  std::vector<ScheduledJob> list() const {
    Got<std::vector<ScheduledJob>> got;
    got.value.emplace();
    auto error = detail::noError();
    const auto status = table_->list(
        host_,
        [](void* context, const mortise_scheduled_job* job) {
          auto& out = *static_cast<Got<std::vector<ScheduledJob>>*>(context);
          out.keep([&] { out.value->push_back(copied(*job)); });
        },
        &got, &error);
    check(status, error);
    return std::move(got.finish(kInterface));
  }
  // Empty when there is no such job.
  std::optional<ScheduledJob> find(std::string_view id) const {
    Got<ScheduledJob> got;
    auto error = detail::noError();
    const auto status = table_->find(host_, detail::str(id), takeJob, &got, &error);
    if (status == MORTISE_NOT_FOUND) return std::nullopt;
    check(status, error);
    return std::move(got.finish(kInterface));
  }
  // Gives a job another trigger and reckons its next run anew; a paused job stays paused.
  ScheduledJob changeTrigger(std::string_view id, const Trigger& trigger) const {
    Got<ScheduledJob> got;
    const auto c = abi(trigger);
    auto error = detail::noError();
    check(table_->change_trigger(host_, detail::str(id), &c, takeJob, &got, &error), error);
    return std::move(got.finish(kInterface));
  }
  // No further runs by the clock, over restarts too; one that goes on is not touched.
  ScheduledJob pause(std::string_view id) const { return jobAfter(table_->pause, id); }
  // The next run is the first from now on. A job that never fires again stays paused.
  ScheduledJob resume(std::string_view id) const { return jobAfter(table_->resume, id); }
  // Starts a run now, on this server, besides the schedule. `created_by`: the user's number, or 0. Returns the run's
  // id.
  std::string runNow(std::string_view id, std::int64_t created_by) const {
    char run_id[37] = {};
    auto error = detail::noError();
    check(table_->run_now(host_, detail::str(id), created_by, run_id, &error), error);
    return run_id;
  }
  // Removes a job; a run that goes on is asked to stop. A built-in one comes back by reload() only.
  void remove(std::string_view id) const {
    auto error = detail::noError();
    check(table_->remove(host_, detail::str(id), &error), error);
  }
  // Removes all jobs, then takes in the declared ones of the modules that are loaded here.
  SchedulerReload reload() const {
    Got<SchedulerReload> got;
    auto error = detail::noError();
    const auto status = table_->reload(
        host_,
        [](void* context, const mortise_scheduler_reload* c) {
          auto& out = *static_cast<Got<SchedulerReload>*>(context);
          out.keep([&] {
            SchedulerReload result;
            for (std::size_t i = 0; i < c->deleted_size; ++i) result.deleted.push_back(detail::copied(c->deleted[i]));
            for (std::size_t i = 0; i < c->reloaded_size; ++i)
              result.reloaded.push_back(detail::copied(c->reloaded[i]));
            result.deletedCount = c->deleted_count;
            out.value = std::move(result);
          });
        },
        &got, &error);
    check(status, error);
    return std::move(got.finish(kInterface));
  }

  // Newest first; `job_id` may be empty (all jobs), or of a job that is gone. `limit` 1..1000. `total`, when given,
  // receives the number of all.
  std::vector<JobRunRecord> runs(std::string_view job_id, std::int64_t skip, std::int64_t limit,
                                 std::int64_t* total = nullptr) const {
    Got<std::vector<JobRunRecord>> got;
    got.value.emplace();
    auto error = detail::noError();
    const auto status = table_->runs(
        host_, detail::str(job_id), skip, limit,
        [](void* context, const mortise_job_run_record* run) {
          auto& out = *static_cast<Got<std::vector<JobRunRecord>>*>(context);
          out.keep([&] { out.value->push_back(copied(*run)); });
        },
        &got, total, &error);
    check(status, error);
    return std::move(got.finish(kInterface));
  }
  // Asks a run to stop, on whichever server it goes on. False when it is over or unknown.
  bool cancelRun(std::string_view run_id) const {
    auto error = detail::noError();
    const auto status = table_->cancel_run(host_, detail::str(run_id), &error);
    if (status == MORTISE_NOT_FOUND) return false;
    check(status, error);
    return true;
  }
  // Drops the records of runs that ended before `before`; returns how many.
  std::int64_t purgeRuns(std::int64_t before) const {
    std::int64_t removed = 0;
    auto error = detail::noError();
    check(table_->purge_runs(host_, before, &removed, &error), error);
    return removed;
  }

  // What runs of all jobs report: the first `limit` (1..1000) changes beyond the revision `after` (0: from the first on),
  // of targets and of runs, in their order. Keep the last revision with what you made of it, in one transaction, and go
  // on from there: then nothing is lost or made twice. Of servers that share what they keep, another may have been
  // faster: leave out what lies at or before the revision that is kept. The event kernel.jobs.reported is a hint that
  // there is something new. Problem 503 with an older kernel.
  std::vector<ReportedRun> reports(std::int64_t after, std::int64_t limit) const {
    if (!MORTISE_HAS(table_, mortise_scheduler_v1, reports))
      throw Problem(503, "unavailable").note("this kernel's scheduler/1 has no reports; run a newer one");
    Got<std::vector<ReportedRun>> got;
    got.value.emplace();
    auto error = detail::noError();
    const auto status = table_->reports(
        host_, after, limit,
        [](void* context, const mortise_reported_run* run) {
          auto& out = *static_cast<Got<std::vector<ReportedRun>>*>(context);
          out.keep([&] { out.value->push_back(copied(*run)); });
        },
        &got, &error);
    check(status, error);
    return std::move(got.finish(kInterface));
  }

  // The first `count` (1..1000) fire times at or after `from` (ISO 8601 with an offset; empty: now).
  FirePreview preview(const Trigger& trigger, std::string_view from, std::int64_t count) const {
    Got<FirePreview> got;
    got.value.emplace();
    const auto c = abi(trigger);
    char timezone[64] = {};
    auto error = detail::noError();
    const auto status = table_->preview(
        host_, &c, detail::str(from), count,
        [](void* context, std::int64_t, mortise_str text) {
          auto& out = *static_cast<Got<FirePreview>*>(context);
          out.keep([&] { out.value->times.push_back(detail::copied(text)); });
        },
        &got, timezone, &error);
    check(status, error);
    got.finish(kInterface).timezone = timezone;
    return std::move(*got.value);
  }

 private:
  template <class T>
  using Got = detail::SinkResult<T>;
  using JobFunction = mortise_status (*)(mortise_host*, mortise_str, mortise_scheduled_job_sink, void*, mortise_error*);

  static void check(mortise_status status, const mortise_error& error) {
    if (status != MORTISE_OK) throw detail::problemFrom(status, error, kInterface);
  }
  ScheduledJob jobAfter(JobFunction function, std::string_view id) const {
    Got<ScheduledJob> got;
    auto error = detail::noError();
    check(function(host_, detail::str(id), takeJob, &got, &error), error);
    return std::move(got.finish(kInterface));
  }
  // Points into `trigger`.
  static mortise_trigger abi(const Trigger& trigger) {
    mortise_trigger c{};
    c.struct_size = sizeof c;
    c.type = detail::str(trigger.type);
    c.timezone = detail::str(trigger.timezone);
    c.cron_expression = detail::str(trigger.cronExpression);
    c.second = detail::str(trigger.second);
    c.minute = detail::str(trigger.minute);
    c.hour = detail::str(trigger.hour);
    c.day = detail::str(trigger.day);
    c.month = detail::str(trigger.month);
    c.weekday = detail::str(trigger.weekday);
    c.year = detail::str(trigger.year);
    c.weeks = trigger.weeks;
    c.days = trigger.days;
    c.hours = trigger.hours;
    c.minutes = trigger.minutes;
    c.seconds = trigger.seconds;
    c.run_date = detail::str(trigger.runDate);
    return c;
  }
  static ScheduledJob copied(const mortise_scheduled_job& c) {
    ScheduledJob job;
    job.id = detail::copied(c.id);
    job.module = detail::copied(c.module);
    job.job = detail::copied(c.job);
    job.name = detail::copied(c.name);
    job.description = detail::copied(c.description);
    job.builtin = c.builtin != 0;
    job.paused = c.paused != 0;
    job.loaded = c.loaded != 0;
    job.running = c.running;
    job.nextRunAt = c.next_run_at;
    job.nextRunTime = detail::copied(c.next_run_time);
    job.lastRunAt = c.last_run_at;
    job.lastRunTime = detail::copied(c.last_run_time);
    job.triggerType = detail::copied(c.trigger_type);
    job.triggerText = detail::copied(c.trigger_text);
    job.timezone = detail::copied(c.timezone);
    job.second = detail::copied(c.second);
    job.minute = detail::copied(c.minute);
    job.hour = detail::copied(c.hour);
    job.day = detail::copied(c.day);
    job.month = detail::copied(c.month);
    job.weekday = detail::copied(c.weekday);
    job.year = detail::copied(c.year);
    job.payload = detail::copied(c.payload);
    job.misfireGraceSeconds = c.misfire_grace_seconds;
    job.maxInstances = c.max_instances;
    job.coalesce = c.coalesce != 0;
    job.jitterSeconds = c.jitter_seconds;
    job.timeLimitSeconds = c.time_limit_seconds;
    return job;
  }
  static JobRunRecord copied(const mortise_job_run_record& c) {
    JobRunRecord run;
    run.id = detail::copied(c.id);
    run.jobId = detail::copied(c.job_id);
    run.outcome = detail::copied(c.outcome);
    run.error = detail::copied(c.error);
    run.output = detail::copied(c.output);
    run.node = detail::copied(c.node);
    run.dueAt = c.due_at;
    run.startedAt = c.started_at;
    run.endedAt = c.ended_at;
    run.manual = c.manual != 0;
    run.createdBy = c.created_by;
    run.percent = c.percent;
    run.progress = detail::copied(c.progress);
    return run;
  }
  static ReportedRun copied(const mortise_reported_run& c) {
    ReportedRun reported;
    reported.revision = c.revision;
    reported.run = copied(*c.run);
    reported.isLatest = c.is_latest != 0;
    for (std::size_t i = 0; i < c.targets_count; ++i) reported.targets.push_back(copied(*c.targets[i]));
    return reported;
  }
  static ReportedTarget copied(const mortise_reported_target& c) {
    ReportedTarget target;
    target.number = c.number;
    target.target = detail::copied(c.target);
    target.state = static_cast<JobReport::State>(c.state);
    target.synced = c.synced;
    target.created = c.created;
    target.updated = c.updated;
    target.deleted = c.deleted;
    target.failure = detail::copied(c.failure);
    target.details = detail::copied(c.details);
    target.startedAt = c.started_at;
    target.endedAt = c.ended_at;
    target.revision = c.revision;
    return target;
  }
  static void takeJob(void* context, const mortise_scheduled_job* job) {
    auto& out = *static_cast<Got<ScheduledJob>*>(context);
    out.keep([&] { out.value = copied(*job); });
  }

  mortise_host* host_;
  const Table* table_;
};

inline Scheduler Host::scheduler() const { return need<Scheduler>(); }

}  // namespace mortise::inline sdk1
