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

namespace contract = scheduler_contract::scheduler;

constexpr auto kPages = mortise::numberedPages();
constexpr std::int64_t kDefaultPreviewed = 5;
constexpr std::int64_t kMaxPreviewed = 100;

// The engine's refusals in the family's words.
[[noreturn]] void rethrow(const Problem& problem) {
  const auto refused = [&](int status, const char* code) { return Problem(status, code).note(problem.note()); };
  if (problem.status() == 404) throw refused(404, "scheduler_job_not_found");
  if (problem.status() != 422) throw problem;
  if (problem.code() == "cron_parts") throw refused(400, "scheduler_cron_parts");
  if (problem.code() == "from") throw refused(400, "scheduler_from_invalid");
  throw refused(400, "scheduler_trigger_invalid");
}

// Runs `work`: an unexpected failure gets the text of `failure`, a refusal of the engine the family's.
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

// Problem 400 when it is no object, or an empty one.
void requireMembers(const mortise::Json& body) {
  if (!body.isObject() || body.size() == 0) throw Problem(400, "scheduler_body_missing");
}

std::int64_t countFrom(const mortise::Json& body) {
  if (!body.has("count") || body["count"].isNull()) return kDefaultPreviewed;
  const auto count = mortise::wholeNumber(textOf(body, "count"));
  if (!count || *count < 1 || *count > kMaxPreviewed)
    throw Problem(400, "scheduler_count_invalid").with("most", kMaxPreviewed);
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
    : log_(host.log()),
      scheduler_(host.scheduler()),
      audit_(host.audit()),
      enabled_(host.config().boolean("enabled")),
      runRetention_(host.config().duration("run_retention")) {}

void SchedulerModule::bind(mortise::Bindings& on) {
  ModuleServing::bind(on);
  on.job("purge_runs", &SchedulerModule::purgeRuns);
}

void SchedulerModule::start() {
  scheduler_.enable(enabled_);
  if (!enabled_) log_.warning("no job runs on this server: scheduler.enabled is false");
}

void SchedulerModule::requireEnabled() const {
  if (!enabled_) throw Problem(409, "scheduler_stopped");
}

mortise::ScheduledJob SchedulerModule::jobOf(const Request& request) const {
  auto job = scheduler_.find(request.path("job_id"));
  if (!job) throw Problem(404, "scheduler_job_not_found");
  return *std::move(job);
}

void SchedulerModule::record(const Request& request, std::string_view action) const {
  const auto id = request.path("job_id").string();
  audit_.record(request, action, "job:" + id);
  log_.info("job changed", {{"action", action}, {"job", id}, {"by", request.principal().userId}});
}

Reply SchedulerModule::listJobs(const Request&) {
  return answer("scheduler_list_failed", [&] {
    requireEnabled();
    return Reply::ok(json::list(scheduler_.list(), jobView)).message("scheduler_jobs_listed");
  });
}

Reply SchedulerModule::readJob(const Request& request) {
  return answer("scheduler_read_failed", [&] {
    requireEnabled();
    return Reply::ok(json::from(jobDetailView(jobOf(request)))).message("scheduler_job_read");
  });
}

Reply SchedulerModule::changeTrigger(const Request& request, const mortise::Json& body) {
  return answer("scheduler_change_failed", [&] {
    requireMembers(body);
    requireEnabled();
    const auto job = jobOf(request);
    if (!job.builtin) throw Problem(400, "job_not_builtin");
    scheduler_.changeTrigger(job.id, triggerFrom(body));
    record(request, "scheduler.trigger_changed");
    return Reply::status(200).message("scheduler_job_changed");
  });
}

Reply SchedulerModule::removeJob(const Request& request) {
  return answer("scheduler_remove_failed", [&] {
    requireEnabled();
    scheduler_.remove(request.path("job_id"));
    record(request, "scheduler.job_removed");
    return Reply::status(200).message("scheduler_job_removed");
  });
}

Reply SchedulerModule::pauseJob(const Request& request) {
  return answer("scheduler_pause_failed", [&] {
    requireEnabled();
    scheduler_.pause(request.path("job_id"));
    record(request, "scheduler.job_paused");
    return Reply::status(200).message("scheduler_job_paused");
  });
}

Reply SchedulerModule::resumeJob(const Request& request) {
  return answer("scheduler_resume_failed", [&] {
    requireEnabled();
    scheduler_.resume(request.path("job_id"));
    record(request, "scheduler.job_resumed");
    return Reply::status(200).message("scheduler_job_resumed");
  });
}

Reply SchedulerModule::runJob(const Request& request) {
  return answer("scheduler_run_failed", [&] {
    requireEnabled();
    scheduler_.runNow(request.path("job_id"), request.principal().userNumber);
    record(request, "scheduler.job_run");
    return Reply::ok(json::from(contract::RunJobReply{request.path("job_id").string() + "_manual"}))
        .message("scheduler_job_started");
  });
}

Reply SchedulerModule::reloadJobs(const Request& request) {
  return answer("scheduler_reload_failed", [&] {
    requireEnabled();
    const auto result = scheduler_.reload();
    audit_.record(request, "scheduler.reloaded", "jobs");
    contract::ReloadJobsReply reply;
    reply.deleted = result.deleted;
    reply.reloaded = result.reloaded;
    reply.deletedCount = result.deletedCount;
    reply.reloadedCount = static_cast<std::int64_t>(result.reloaded.size());
    log_.info("jobs reloaded",
              {{"deleted", reply.deletedCount}, {"reloaded", reply.reloadedCount}, {"by", request.principal().userId}});
    return Reply::ok(json::from(reply))
        .message("scheduler_jobs_reloaded",
                 {{"deleted", std::to_string(reply.deletedCount)}, {"reloaded", std::to_string(reply.reloadedCount)}});
  });
}

Reply SchedulerModule::previewTrigger(const Request&, const mortise::Json& body) {
  return answer("scheduler_preview_failed", [&] {
    requireMembers(body);
    requireEnabled();
    const auto trigger = triggerFrom(body);
    const auto preview = scheduler_.preview(trigger, fromOf(body), countFrom(body));
    return Reply::ok(json::from(contract::PreviewTriggerReply{preview.times, preview.timezone}))
        .message("scheduler_trigger_previewed");
  });
}

Reply SchedulerModule::listRuns(const Request& request) {
  return answer("scheduler_runs_failed", [&] {
    requireEnabled();
    const auto paging = mortise::Paging::of(request, kPages);
    contract::ListRunsReply reply;
    const auto runs = scheduler_.runs(request.path("job_id"), paging.skip, paging.size, &reply.total);
    if (reply.total == 0) jobOf(request);  // a job that is gone keeps its runs; an unknown one is 404
    for (const auto& run : runs) reply.items.push_back(runView(run));
    reply.page = paging.page;
    reply.pages = paging.pagesOf(reply.total);
    return Reply::ok(json::from(reply)).message("scheduler_runs_listed");
  });
}

Reply SchedulerModule::cancelRun(const Request& request) {
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
  const auto removed = scheduler_.purgeRuns(mortise::micros(mortise::now() - runRetention_));
  run.output("dropped " + std::to_string(removed));
  if (removed == 0) return;
  log_.info("old runs dropped", {{"count", removed}});
  run.report({.target = "runs", .deleted = removed});
}

}  // namespace scheduler

MORTISE_MODULE(scheduler::SchedulerModule)
