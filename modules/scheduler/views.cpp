#include "views.hpp"

#include <mortise/time.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace scheduler {
namespace {

namespace json = mortise::json;
using mortise::JobRunRecord;
using mortise::ScheduledJob;

std::optional<std::string> orNull(const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); }

std::optional<std::string> timeOrNull(std::int64_t micros) {
  if (micros == 0) return std::nullopt;
  return mortise::isoOffset(micros);
}

std::optional<std::int64_t> numberOrNull(std::int64_t number, std::int64_t none) {
  return number == none ? std::nullopt : std::optional(number);
}

json::Value triggerArguments(const ScheduledJob& job) {
  if (job.triggerType != "cron") return json::object({{"description", job.triggerText}});
  return json::object({{"second", job.second},
                       {"minute", job.minute},
                       {"hour", job.hour},
                       {"day", job.day},
                       {"month", job.month},
                       {"day_of_week", job.weekday},
                       {"year", job.year},
                       {"timezone", job.timezone}});
}

// What the run is handed beside itself: the payload of a job that was put.
json::Value keywordArguments(const ScheduledJob& job) {
  if (job.payload.empty()) return json::object();
  return json::object({{"payload", job.payload}});
}

}  // namespace

json::Value jobView(const ScheduledJob& job) {
  return json::object({{"id", job.id},
                       {"task_id", job.id},
                       {"name", job.name},
                       {"task_name", job.name},
                       {"description", job.description},
                       {"next_run_time", orNull(job.nextRunTime)},
                       {"last_run_time", orNull(job.lastRunTime)},
                       {"trigger_type", job.triggerType},
                       {"trigger_args", triggerArguments(job)},
                       {"state", job.nextRunTime.empty() ? "STATE_PAUSED" : "STATE_RUNNING"},
                       {"is_builtin", job.builtin},
                       {"editable_fields", job.builtin ? json::list({"trigger"}) : json::list()},
                       {"func", job.job},
                       {"args", json::list()},
                       {"kwargs", keywordArguments(job)}});
}

json::Value jobDetailView(const ScheduledJob& job) {
  return json::object({{"id", job.id},
                       {"name", job.name},
                       {"next_run_time", orNull(job.nextRunTime)},
                       {"trigger", job.triggerText},
                       {"func", job.job},
                       {"args", json::list()},
                       {"kwargs", keywordArguments(job)},
                       {"misfire_grace_time", numberOrNull(job.misfireGraceSeconds, -1)},
                       {"max_instances", job.maxInstances},
                       {"coalesce", job.coalesce}});
}

json::Value runView(const JobRunRecord& run) {
  return json::object({{"run_id", run.id},
                       {"job_id", run.jobId},
                       {"outcome", run.outcome},
                       {"error", orNull(run.error)},
                       {"output", run.output},
                       {"node", run.node},
                       {"due_at", timeOrNull(run.dueAt)},
                       {"started_at", timeOrNull(run.startedAt)},
                       {"ended_at", timeOrNull(run.endedAt)},
                       {"manual", run.manual},
                       {"created_by", numberOrNull(run.createdBy, 0)},
                       {"percent", numberOrNull(run.percent, -1)},
                       {"progress", orNull(run.progress)}});
}

}  // namespace scheduler
