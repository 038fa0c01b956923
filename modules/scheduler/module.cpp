#include <mortise/failure.hpp>
#include <mortise/paging.hpp>
#include <mortise/time.hpp>

#include "scheduler_module.hpp"
#include "trigger_body.hpp"
#include "views.hpp"

namespace scheduler {
namespace {

using mortise::JobRun;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;
namespace json = mortise::json;

constexpr std::int64_t kMillisecond = 1000;
constexpr std::int64_t kPreviewed = 5;
constexpr std::int64_t kMostPreviewed = 100;

// The engine's refusals in the family's words.
[[noreturn]] void rethrow(const Problem& problem) {
  const auto refused = [&](int status, const char* code) { return Problem(status, code).note(problem.note()); };
  if (problem.status() == 404) throw refused(404, "scheduler_job_not_found");
  if (problem.status() != 422) throw problem;
  if (problem.code() == "cron_parts") throw refused(400, "scheduler_cron_parts");
  if (problem.code() == "from") throw refused(400, "scheduler_from_invalid");
  throw refused(400, "scheduler_trigger_invalid");
}

// What an operation does: an unexpected failure gets its text, a refusal of the engine the family's.
template <class Work>
Reply answer(const char* failure, Work&& work) {
  return mortise::failingAs(failure, [&]() -> Reply {
    try {
      return work();
    } catch (const Problem& problem) {
      rethrow(problem);
    }
  });
}

// Problem 400 when there is no object with something in it.
mortise::Json bodyOf(const Request& request) {
  const auto body = request.body();
  if (!body.isObject() || body.size() == 0) throw Problem(400, "scheduler_body_missing");
  return body;
}

std::int64_t countFrom(const mortise::Json& body) {
  if (!body.has("count") || body["count"].isNull()) return kPreviewed;
  const auto count = mortise::wholeNumber(textOf(body, "count"));
  if (!count || *count < 1 || *count > kMostPreviewed)
    throw Problem(400, "scheduler_count_invalid").with("most", kMostPreviewed);
  return *count;
}

std::string fromOf(const mortise::Json& body) {
  const auto from = body["from"];
  if (from.isNull()) return {};
  auto text = textOf(body, "from");
  if (!from.isText() || text.empty()) throw Problem(400, "scheduler_from_invalid");
  return text;
}

}  // namespace

SchedulerModule::SchedulerModule(mortise::Host host)
    : host_(host),
      log_(host.log()),
      scheduler_(host.scheduler()),
      audit_(host.audit()),
      enabled_(host.config().boolean("enabled")),
      runRetention_(host.config().duration("run_retention").count() * kMillisecond) {}

void SchedulerModule::bind(mortise::Bindings& on) {
  on.operation("listJobs", &SchedulerModule::listJobs);
  on.operation("readJob", &SchedulerModule::readJob);
  on.operation("changeTrigger", &SchedulerModule::changeTrigger);
  on.operation("removeJob", &SchedulerModule::removeJob);
  on.operation("pauseJob", &SchedulerModule::pauseJob);
  on.operation("resumeJob", &SchedulerModule::resumeJob);
  on.operation("runJob", &SchedulerModule::runJob);
  on.operation("reloadJobs", &SchedulerModule::reloadJobs);
  on.operation("previewTrigger", &SchedulerModule::previewTrigger);
  on.operation("listRuns", &SchedulerModule::listRuns);
  on.operation("cancelRun", &SchedulerModule::cancelRun);

  on.job("purge_runs", &SchedulerModule::purgeRuns);
}

void SchedulerModule::start() {
  sessions_ = host_.optional<mortise::SyncSessions>();
  scheduler_.enable(enabled_);
  if (!enabled_) log_.warning("no job runs on this server: scheduler.enabled is false");
}

void SchedulerModule::requireEnabled() const {
  if (!enabled_) throw Problem(409, "scheduler_stopped");
}

mortise::ScheduledJob SchedulerModule::found(std::string_view id) const {
  auto job = scheduler_.find(id);
  if (!job) throw Problem(404, "scheduler_job_not_found");
  return *std::move(job);
}

void SchedulerModule::changed(const Request& request, std::string_view action) const {
  const auto id = request.path("job_id").string();
  audit_.record(request, action, "job:" + id);
  log_.info("job changed", {{"action", action}, {"job", id}, {"by", request.principal().userId}});
}

Reply SchedulerModule::listJobs(const Request&) const {
  return answer("scheduler_list_failed", [&] {
    requireEnabled();
    return Reply::ok(json::list(scheduler_.list(), jobView)).message("scheduler_jobs_listed");
  });
}

Reply SchedulerModule::readJob(const Request& request) const {
  return answer("scheduler_read_failed", [&] {
    requireEnabled();
    return Reply::ok(jobDetailView(found(request.path("job_id")))).message("scheduler_job_read");
  });
}

Reply SchedulerModule::changeTrigger(const Request& request) const {
  return answer("scheduler_change_failed", [&] {
    const auto body = bodyOf(request);
    requireEnabled();
    const auto job = found(request.path("job_id"));
    if (!job.builtin) throw Problem(400, "job_not_builtin");
    scheduler_.changeTrigger(job.id, triggerFrom(body));
    changed(request, "scheduler.trigger_changed");
    return Reply::status(200).message("scheduler_job_changed");
  });
}

Reply SchedulerModule::removeJob(const Request& request) const {
  return answer("scheduler_remove_failed", [&] {
    requireEnabled();
    scheduler_.remove(request.path("job_id"));
    changed(request, "scheduler.job_removed");
    return Reply::status(200).message("scheduler_job_removed");
  });
}

Reply SchedulerModule::pauseJob(const Request& request) const {
  return answer("scheduler_pause_failed", [&] {
    requireEnabled();
    scheduler_.pause(request.path("job_id"));
    changed(request, "scheduler.job_paused");
    return Reply::status(200).message("scheduler_job_paused");
  });
}

Reply SchedulerModule::resumeJob(const Request& request) const {
  return answer("scheduler_resume_failed", [&] {
    requireEnabled();
    scheduler_.resume(request.path("job_id"));
    changed(request, "scheduler.job_resumed");
    return Reply::status(200).message("scheduler_job_resumed");
  });
}

Reply SchedulerModule::runJob(const Request& request) const {
  return answer("scheduler_run_failed", [&] {
    requireEnabled();
    scheduler_.runNow(request.path("job_id"), request.principal().userNumber);
    changed(request, "scheduler.job_run");
    return Reply::ok(json::object({{"manual_job_id", request.path("job_id").string() + "_manual"}}))
        .message("scheduler_job_started");
  });
}

Reply SchedulerModule::reloadJobs(const Request& request) const {
  return answer("scheduler_reload_failed", [&] {
    requireEnabled();
    const auto result = scheduler_.reload();
    audit_.record(request, "scheduler.reloaded", "jobs");
    log_.info(
        "jobs reloaded",
        {{"deleted", result.deletedCount}, {"reloaded", result.reloaded.size()}, {"by", request.principal().userId}});
    return Reply::ok(json::object({{"deleted", json::list(result.deleted)},
                                   {"reloaded", json::list(result.reloaded)},
                                   {"deleted_count", result.deletedCount},
                                   {"reloaded_count", result.reloaded.size()}}))
        .message("scheduler_jobs_reloaded", {{"deleted", std::to_string(result.deletedCount)},
                                             {"reloaded", std::to_string(result.reloaded.size())}});
  });
}

Reply SchedulerModule::previewTrigger(const Request& request) const {
  return answer("scheduler_preview_failed", [&] {
    const auto body = bodyOf(request);
    requireEnabled();
    const auto trigger = triggerFrom(body);
    const auto preview = scheduler_.preview(trigger, fromOf(body), countFrom(body));
    return Reply::ok(json::object({{"fire_times", json::list(preview.times)}, {"timezone", preview.timezone}}))
        .message("scheduler_trigger_previewed");
  });
}

Reply SchedulerModule::listRuns(const Request& request) const {
  return answer("scheduler_runs_failed", [&] {
    requireEnabled();
    const auto id = request.path("job_id");
    const auto page = mortise::Page::read(request.query("page").text(""), request.query("limit").text(""));
    std::int64_t total = 0;
    auto runs = scheduler_.runs(id, 0, 1, &total);
    if (total == 0) found(id);  // a job that is gone keeps its runs; one that never was is 404
    const auto skip = page.skipOf(total);
    if (skip) {
      runs = scheduler_.runs(id, *skip, page.limit, &total);
    } else {
      runs.clear();
    }
    return Reply::ok(json::object({{"items", json::list(runs, runView)},
                                   {"total", total},
                                   {"page", page.page},
                                   {"pages", page.pagesOf(total)}}))
        .message("scheduler_runs_listed");
  });
}

Reply SchedulerModule::cancelRun(const Request& request) const {
  return mortise::failingAs("scheduler_cancel_failed", [&] {
    requireEnabled();
    const auto id = request.path("run_id").string();
    if (!scheduler_.cancelRun(id)) throw Problem(404, "scheduler_run_not_running");
    audit_.record(request, "scheduler.run_cancelled", "run:" + id);
    log_.info("run cancelled", {{"run", id}, {"by", request.principal().userId}});
    return Reply::status(200).message("scheduler_run_cancelled");
  });
}

void SchedulerModule::purgeRuns(JobRun& run) {
  const auto dropped = scheduler_.purgeRuns(mortise::nowMicros() - runRetention_);
  run.output("dropped " + std::to_string(dropped));
  if (dropped == 0) return;
  log_.info("old runs dropped", {{"count", dropped}});
  if (sessions_) sessions_->reportCleaning(run, "runs", dropped);
}

}  // namespace scheduler

MORTISE_MODULE(scheduler::SchedulerModule)
