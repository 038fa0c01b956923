// scheduler/1 over services::Jobs.
#include <algorithm>
#include <cstring>

#include "core/base/identifiers.hpp"
#include "core/base/text.hpp"
#include "core/plugin/host_guard.hpp"
#include "core/plugin/host_tables.hpp"
#include "core/plugin/lane.hpp"
#include "core/services/jobs/jobs.hpp"
#include "core/services/jobs/moment.hpp"
#include "mortise/abi/scheduler.h"

namespace mortise::plugin {
namespace {

using services::CronPart;
using services::Jobs;
using services::StoredJob;
using services::TimeZone;
using services::Trigger;

constexpr std::int64_t kMaxAtOnce = 1000;

mortise_status needsSink(mortise_error* error) {
  return answer(error, MORTISE_INVALID, "no_sink", "this function hands its result to a sink; give one");
}

// Passes `stored` to the caller; the texts are valid during the call.
void handOver(const Jobs& jobs, const StoredJob& stored, mortise_scheduled_job_sink sink, void* context) {
  if (sink == nullptr) return;
  stored.trigger.requireReadable();
  const auto& trigger = stored.trigger;
  const auto fields = trigger.fields();
  const auto field = [&](CronPart part) { return str(fields[static_cast<std::size_t>(part)]); };
  const auto description = trigger.description();
  const auto next = Jobs::nextRun(stored);
  const auto nextText = next ? trigger.shown(*next) : std::string();
  const auto lastText = stored.lastRun > 0 ? writeMoment(stored.lastRun, *TimeZone::utc()) : std::string();
  const mortise_scheduled_job job{.struct_size = sizeof(mortise_scheduled_job),
                                  .id = str(stored.id),
                                  .module = str(stored.module),
                                  .job = str(stored.job),
                                  .name = str(stored.name),
                                  .description = str(stored.description),
                                  .builtin = stored.declared ? 1 : 0,
                                  .paused = stored.paused ? 1 : 0,
                                  .loaded = jobs.loaded(stored.module) ? 1 : 0,
                                  .running = stored.running,
                                  .next_run_at = next.value_or(0),
                                  .next_run_time = str(nextText),
                                  .last_run_at = stored.lastRun,
                                  .last_run_time = str(lastText),
                                  .trigger_type = str(trigger.kindName()),
                                  .trigger_text = str(description),
                                  .timezone = str(trigger.zone()),
                                  .second = field(CronPart::second),
                                  .minute = field(CronPart::minute),
                                  .hour = field(CronPart::hour),
                                  .day = field(CronPart::day),
                                  .month = field(CronPart::month),
                                  .weekday = field(CronPart::weekday),
                                  .year = field(CronPart::year),
                                  .payload = str(stored.payload),
                                  .misfire_grace_seconds = stored.rules.misfireGraceSeconds,
                                  .max_instances = stored.rules.maxInstances,
                                  .coalesce = stored.rules.coalesce ? 1 : 0,
                                  .jitter_seconds = stored.rules.jitterSeconds,
                                  .time_limit_seconds = stored.rules.timeLimitSeconds};
  sink(context, &job);
}

std::vector<mortise_str> strs(const std::vector<std::string>& texts) {
  std::vector<mortise_str> out;
  for (const auto& text : texts) out.push_back(str(text));
  return out;
}

// Its texts live as long as `run`.
mortise_job_run_record recordOf(const services::StoredRun& run) {
  return {.struct_size = sizeof(mortise_job_run_record),
          .id = str(run.id),
          .job_id = str(run.jobId),
          .outcome = str(run.outcome),
          .error = str(run.error),
          .output = str(run.output),
          .node = str(run.node),
          .due_at = run.dueAt,
          .started_at = run.startedAt,
          .ended_at = run.endedAt,
          .manual = run.manual ? 1 : 0,
          .created_by = run.createdBy,
          .percent = static_cast<std::int32_t>(run.percent),
          .progress = str(run.progress)};
}

mortise_reported_target targetOf(const services::JobReport& report) {
  return {.struct_size = sizeof(mortise_reported_target),
          .state = static_cast<std::int32_t>(report.state),
          .number = report.number,
          .target = str(report.target),
          .synced = report.synced,
          .created = report.created,
          .updated = report.updated,
          .deleted = report.deleted,
          .failure = str(report.failure),
          .details = str(report.details),
          .started_at = report.startedAt,
          .ended_at = report.endedAt,
          .revision = report.revision};
}

void handOver(const services::ReportedRun& reported, mortise_reported_run_sink sink, void* context) {
  const auto record = recordOf(reported.run);
  std::vector<mortise_reported_target> targets;
  targets.reserve(reported.reports.size());
  for (const auto& report : reported.reports) targets.push_back(targetOf(report));
  std::vector<const mortise_reported_target*> pointers;
  pointers.reserve(targets.size());
  for (const auto& target : targets) pointers.push_back(&target);
  const mortise_reported_run run{.struct_size = sizeof(mortise_reported_run),
                                 .is_latest = reported.isLatest() ? 1 : 0,
                                 .revision = reported.revision,
                                 .run = &record,
                                 .targets = pointers.data(),
                                 .targets_count = pointers.size()};
  sink(context, &run);
}

extern "C" {

mortise_status schedulerEnable(mortise_host* host, int32_t on, mortise_error* error) {
  return blocking<&HostServices::jobs>(host, "scheduler/1 enable", error, [&](Jobs& jobs) {
    jobs.enable(on != 0);
    return MORTISE_OK;
  });
}

mortise_status schedulerStatus(mortise_host* host, mortise_scheduler_status_sink sink, void* context,
                               mortise_error* error) {
  if (sink == nullptr) return needsSink(error);
  return blocking<&HostServices::jobs>(host, "scheduler/1 status", error, [&](Jobs& jobs) {
    const auto now = jobs.status();
    const mortise_scheduler_status status{.struct_size = sizeof(mortise_scheduler_status),
                                          .enabled = now.enabled ? 1 : 0,
                                          .runner = now.runner ? 1 : 0,
                                          .node = str(now.node),
                                          .runner_node = str(now.runnerNode),
                                          .epoch = now.epoch,
                                          .jobs = now.jobs,
                                          .running = now.running};
    sink(context, &status);
    return MORTISE_OK;
  });
}

mortise_status schedulerList(mortise_host* host, mortise_scheduled_job_sink sink, void* context, mortise_error* error) {
  if (sink == nullptr) return needsSink(error);
  return blocking<&HostServices::jobs>(host, "scheduler/1 list", error, [&](Jobs& jobs) {
    jobs.each([&](const StoredJob& job) { handOver(jobs, job, sink, context); });
    return MORTISE_OK;
  });
}

mortise_status schedulerFind(mortise_host* host, mortise_str id, mortise_scheduled_job_sink sink, void* context,
                             mortise_error* error) {
  if (sink == nullptr) return needsSink(error);
  return blocking<&HostServices::jobs>(host, "scheduler/1 find", error, [&](Jobs& jobs) {
    handOver(jobs, jobs.find(view(id)), sink, context);
    return MORTISE_OK;
  });
}

mortise_status schedulerChangeTrigger(mortise_host* host, mortise_str id, const mortise_trigger* trigger,
                                      mortise_scheduled_job_sink sink, void* context, mortise_error* error) {
  if (!MORTISE_COMPLETE(trigger, mortise_trigger, run_date)) return tooShort(error, "mortise_trigger");
  return blocking<&HostServices::jobs>(host, "scheduler/1 change_trigger", error, [&](Jobs& jobs) {
    jobs.find(view(id));  // reports an unknown job before an unreadable trigger
    const auto now = jobs.options().clock->now();
    const auto changed = jobs.changeTrigger(view(id), Trigger::from(*trigger, jobs.options().timezone, now));
    handOver(jobs, changed, sink, context);
    return MORTISE_OK;
  });
}

mortise_status schedulerPause(mortise_host* host, mortise_str id, mortise_scheduled_job_sink sink, void* context,
                              mortise_error* error) {
  return blocking<&HostServices::jobs>(host, "scheduler/1 pause", error, [&](Jobs& jobs) {
    handOver(jobs, jobs.pause(view(id)), sink, context);
    return MORTISE_OK;
  });
}

mortise_status schedulerResume(mortise_host* host, mortise_str id, mortise_scheduled_job_sink sink, void* context,
                               mortise_error* error) {
  return blocking<&HostServices::jobs>(host, "scheduler/1 resume", error, [&](Jobs& jobs) {
    handOver(jobs, jobs.resume(view(id)), sink, context);
    return MORTISE_OK;
  });
}

mortise_status schedulerRunNow(mortise_host* host, mortise_str id, int64_t createdBy, char* runId,
                               mortise_error* error) {
  return blocking<&HostServices::jobs>(host, "scheduler/1 run_now", error, [&](Jobs& jobs) {
    const auto run = jobs.runNow(view(id), createdBy, true);
    if (runId != nullptr) std::memcpy(runId, run.c_str(), run.size() + 1);
    return MORTISE_OK;
  });
}

mortise_status schedulerRemove(mortise_host* host, mortise_str id, mortise_error* error) {
  return blocking<&HostServices::jobs>(host, "scheduler/1 remove", error, [&](Jobs& jobs) {
    if (jobs.remove(view(id))) return MORTISE_OK;
    return answer(error, MORTISE_NOT_FOUND, "job_not_found", "no job " + copy(id));
  });
}

mortise_status schedulerReload(mortise_host* host, mortise_scheduler_reload_sink sink, void* context,
                               mortise_error* error) {
  return blocking<&HostServices::jobs>(host, "scheduler/1 reload", error, [&](Jobs& jobs) {
    const auto done = jobs.reload();
    if (sink == nullptr) return MORTISE_OK;
    const auto deleted = strs(done.deleted);
    const auto reloaded = strs(done.reloaded);
    const mortise_scheduler_reload result{.struct_size = sizeof(mortise_scheduler_reload),
                                          .deleted = deleted.data(),
                                          .deleted_size = deleted.size(),
                                          .deleted_count = static_cast<std::int64_t>(deleted.size()),
                                          .reloaded = reloaded.data(),
                                          .reloaded_size = reloaded.size()};
    sink(context, &result);
    return MORTISE_OK;
  });
}

mortise_status schedulerRuns(mortise_host* host, mortise_str jobId, int64_t skip, int64_t limit,
                             mortise_job_run_sink sink, void* context, int64_t* total, mortise_error* error) {
  if (sink == nullptr) return needsSink(error);
  if (skip < 0 || limit < 1 || limit > kMaxAtOnce)
    return answer(error, MORTISE_INVALID, "out_of_range", "use a skip from 0 and a limit from 1 to 1000");
  return blocking<&HostServices::jobs>(host, "scheduler/1 runs", error, [&](Jobs& jobs) {
    std::int64_t all = 0;
    for (const auto& run : jobs.runs(view(jobId), skip, limit, all)) {
      const auto record = recordOf(run);
      sink(context, &record);
    }
    if (total != nullptr) *total = all;
    return MORTISE_OK;
  });
}

mortise_status schedulerCancelRun(mortise_host* host, mortise_str runId, mortise_error* error) {
  return blocking<&HostServices::jobs>(host, "scheduler/1 cancel_run", error, [&](Jobs& jobs) {
    if (jobs.cancel(view(runId))) return MORTISE_OK;
    return answer(error, MORTISE_NOT_FOUND, "run_not_found", "no run " + copy(runId) + " goes on");
  });
}

mortise_status schedulerPurgeRuns(mortise_host* host, int64_t before, int64_t* removed, mortise_error* error) {
  return blocking<&HostServices::jobs>(host, "scheduler/1 purge_runs", error, [&](Jobs& jobs) {
    const auto count = jobs.purge(before);
    if (removed != nullptr) *removed = count;
    return MORTISE_OK;
  });
}

mortise_status schedulerPreview(mortise_host* host, const mortise_trigger* request, mortise_str from, int64_t count,
                                mortise_fire_time_sink sink, void* context, char* timezone, mortise_error* error) {
  if (!MORTISE_COMPLETE(request, mortise_trigger, run_date)) return tooShort(error, "mortise_trigger");
  if (sink == nullptr) return needsSink(error);
  if (count < 1 || count > kMaxAtOnce)
    return answer(error, MORTISE_INVALID, "out_of_range", "use a count from 1 to 1000");
  return blocking<&HostServices::jobs>(host, "scheduler/1 preview", error, [&](Jobs& jobs) {
    auto start = jobs.options().clock->now();
    if (from.size > 0) {
      const auto moment = services::readMoment(view(from), *TimeZone::utc());
      if (!moment || !moment->hasOffset) {
        return answer(
            error, MORTISE_INVALID, "from",
            "from \"" + std::string(text::head(view(from), 80)) + "\": write a time like 2026-03-07T12:00:00-05:00");
      }
      start = moment->micros;
    }
    const auto trigger = Trigger::from(*request, jobs.options().timezone, start);
    services::SearchBudget budget;
    for (auto next = trigger.next(start, budget); next && count > 0; --count, next = trigger.next(*next + 1, budget)) {
      if (currentCallExpired())
        return answer(error, MORTISE_TIMEOUT, "expired", "the client has disconnected or the time is over");
      const auto shown = trigger.shown(*next);
      sink(context, *next, str(shown));
    }
    if (timezone != nullptr) std::memcpy(timezone, trigger.zone().c_str(), trigger.zone().size() + 1);
    return MORTISE_OK;
  });
}

mortise_status schedulerReports(mortise_host* host, int64_t after, int64_t limit, mortise_reported_run_sink sink,
                                void* context, mortise_error* error) {
  if (sink == nullptr) return needsSink(error);
  if (limit < 1 || limit > kMaxAtOnce)
    return answer(error, MORTISE_INVALID, "out_of_range", "use a limit from 1 to 1000");
  return blocking<&HostServices::jobs>(host, "scheduler/1 reports", error, [&](Jobs& jobs) {
    for (const auto& run : jobs.reportedSince(after, limit)) handOver(run, sink, context);
    return MORTISE_OK;
  });
}

}  // extern "C"

const mortise_scheduler_v1 kTable = {sizeof(mortise_scheduler_v1),
                                     &schedulerEnable,
                                     &schedulerStatus,
                                     &schedulerList,
                                     &schedulerFind,
                                     &schedulerChangeTrigger,
                                     &schedulerPause,
                                     &schedulerResume,
                                     &schedulerRunNow,
                                     &schedulerRemove,
                                     &schedulerReload,
                                     &schedulerRuns,
                                     &schedulerCancelRun,
                                     &schedulerPurgeRuns,
                                     &schedulerPreview,
                                     &schedulerReports};

}  // namespace

template <>
ServedInterface serve<mortise_scheduler_v1>(std::string_view name) {
  return {name, &kTable, &with<&HostServices::jobs>};
}

}  // namespace mortise::plugin
