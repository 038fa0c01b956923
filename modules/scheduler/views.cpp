#include "views.hpp"

#include <mortise/text.hpp>
#include <mortise/time.hpp>

#include <optional>
#include <string>

namespace scheduler {
namespace {

namespace contract = scheduler_contract::scheduler;
namespace json = mortise::json;
using mortise::JobRunRecord;
using mortise::orNull;
using mortise::ScheduledJob;

std::optional<std::string> timeOrNull(std::int64_t micros) {
  if (micros == 0) return std::nullopt;
  return mortise::isoOffset(micros);
}

std::optional<std::int64_t> numberOrNull(std::int64_t number, std::int64_t none) {
  return number == none ? std::nullopt : std::optional(number);
}

contract::Job::TriggerArgs triggerArguments(const ScheduledJob& job) {
  if (job.triggerType != "cron") return {.description = job.triggerText};
  return {.second = job.second,
          .minute = job.minute,
          .hour = job.hour,
          .day = job.day,
          .month = job.month,
          .dayOfWeek = job.weekday,
          .year = job.year,
          .timezone = job.timezone};
}

// What the run gets beside itself: the payload of a job that was put.
json::Value keywordArguments(const ScheduledJob& job) {
  if (job.payload.empty()) return json::object();
  return json::object({{"payload", job.payload}});
}

}  // namespace

contract::Job jobView(const ScheduledJob& job) {
  contract::Job view;
  view.id = view.taskId = job.id;
  view.name = view.taskName = job.name;
  view.description = job.description;
  view.nextRunTime = orNull(job.nextRunTime);
  view.lastRunTime = orNull(job.lastRunTime);
  view.triggerType = job.triggerType;
  view.triggerArgs = triggerArguments(job);
  view.state = job.nextRunTime.empty() ? "STATE_PAUSED" : "STATE_RUNNING";
  view.isBuiltin = job.builtin;
  if (job.builtin) view.editableFields = {"trigger"};
  view.func = job.job;
  view.kwargs = keywordArguments(job);
  return view;
}

contract::JobDetail jobDetailView(const ScheduledJob& job) {
  contract::JobDetail view;
  view.id = job.id;
  view.name = job.name;
  view.nextRunTime = orNull(job.nextRunTime);
  view.trigger = job.triggerText;
  view.func = job.job;
  view.kwargs = keywordArguments(job);
  view.misfireGraceTime = numberOrNull(job.misfireGraceSeconds, -1);
  view.maxInstances = job.maxInstances;
  view.coalesce = job.coalesce;
  return view;
}

contract::Run runView(const JobRunRecord& run) {
  contract::Run view;
  view.runId = run.id;
  view.jobId = run.jobId;
  view.outcome = run.outcome;
  view.error = orNull(run.error);
  view.output = run.output;
  view.node = run.node;
  view.dueAt = timeOrNull(run.dueAt);
  view.startedAt = timeOrNull(run.startedAt);
  view.endedAt = timeOrNull(run.endedAt);
  view.manual = run.manual;
  view.createdBy = numberOrNull(run.createdBy, 0);
  view.percent = numberOrNull(run.percent, -1);
  view.progress = orNull(run.progress);
  return view;
}

}  // namespace scheduler
