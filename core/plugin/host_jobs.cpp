// jobs/1 over JobBook.
#include <utility>

#include "core/plugin/host_guard.hpp"
#include "core/plugin/host_tables.hpp"
#include "core/plugin/job_book.hpp"
#include "core/plugin/job_run.hpp"
#include "core/services/jobs/jobs.hpp"
#include "mortise/abi/jobs.h"

namespace mortise::plugin {
namespace {

extern "C" {

mortise_status jobsPut(mortise_host* host, const mortise_job* job, mortise_error* error) {
  if (!MORTISE_COMPLETE(job, mortise_job, payload)) return tooShort(error, "mortise_job");
  return onJoinedHost(host, "jobs/1 put", error, [&](Host& self) {
    self.jobs().put(*job);
    return MORTISE_OK;
  });
}

mortise_status jobsRemove(mortise_host* host, mortise_str id, mortise_error* error) {
  return onJoinedHost(host, "jobs/1 remove", error, [&](Host& self) {
    return self.jobs().remove(view(id)) ? MORTISE_OK
                                        : answer(error, MORTISE_NOT_FOUND, "not_found", "no job " + copy(id));
  });
}

mortise_status jobsTrigger(mortise_host* host, mortise_str id, mortise_error* error) {
  return onJoinedHost(host, "jobs/1 trigger", error, [&](Host& self) {
    self.jobs().trigger(view(id));
    return MORTISE_OK;
  });
}

int32_t jobsExists(mortise_host* raw, mortise_str id) {
  auto* host = joinableHostOf(raw);
  if (host == nullptr || mayJoin(raw, nullptr) != MORTISE_OK) return 0;
  return guardedOr(host, "jobs/1 exists", 0, [&] {
    const db::JoinScope scope(transactionOf(raw));
    return host->jobs().exists(view(id)) ? 1 : 0;
  });
}

mortise_status jobsCancel(mortise_host* host, mortise_str runId, mortise_error* error) {
  if (host != nullptr && transactionOf(host) != nullptr) return worksAlone("jobs/1 cancel", error);
  return onHost(host, Threads::blocking, "jobs/1 cancel", error, [&](Host& self) {
    return self.jobs().cancel(view(runId)) ? MORTISE_OK
                                           : answer(error, MORTISE_NOT_FOUND, "not_found", "no such run goes on");
  });
}

mortise_status jobsList(mortise_host* host, mortise_job_state_sink sink, void* context, mortise_error* error) {
  if (sink == nullptr) return answer(error, MORTISE_INVALID, "no_sink", "list needs a sink");
  return onJoinedHost(host, "jobs/1 list", error, [&](Host& self) {
    for (const auto& job : self.jobs().list()) {
      const mortise_job_state state{.struct_size = sizeof(mortise_job_state),
                                    .id = str(job.job),
                                    .trigger = str(job.trigger.text()),
                                    .zone = str(job.trigger.zone()),
                                    .next_run_at = services::Jobs::nextRun(job).value_or(0),
                                    .last_run_at = job.lastRun,
                                    .declared = job.declared ? 1 : 0,
                                    .paused = job.paused ? 1 : 0,
                                    .running = job.running};
      sink(context, &state);
    }
    return MORTISE_OK;
  });
}

mortise_str runId(mortise_run* run) { return run == nullptr ? mortise_str{} : str(run->run->id()); }
mortise_str runJob(mortise_run* run) { return run == nullptr ? mortise_str{} : str(run->job); }
mortise_str runPayload(mortise_run* run) { return run == nullptr ? mortise_str{} : str(run->run->payload()); }
int64_t runStartedAt(mortise_run* run) { return run == nullptr ? 0 : run->run->startedAt(); }
int32_t runTriggered(mortise_run* run) { return run != nullptr && run->run->manual() ? 1 : 0; }
int32_t runCancelled(mortise_run* run) {
  return run == nullptr || run->stopping->load() || run->run->cancelled() ? 1 : 0;
}
int64_t runDueAt(mortise_run* run) { return run == nullptr ? 0 : run->run->dueAt(); }
int64_t runCreatedBy(mortise_run* run) { return run == nullptr ? 0 : run->run->createdBy(); }

void runProgress(mortise_run* run, int32_t percent, mortise_str text) {
  if (run == nullptr) return;
  guardedOr(nullptr, "jobs/1 progress", 0, [&] {
    run->run->progress(percent, view(text));
    return 0;
  });
}

void runOutput(mortise_run* run, mortise_str line) {
  if (run == nullptr) return;
  guardedOr(nullptr, "jobs/1 output", 0, [&] {
    run->run->output(view(line));
    return 0;
  });
}

mortise_status runReport(mortise_run* run, const mortise_job_report* report, mortise_error* error) {
  if (run == nullptr) return answer(error, MORTISE_INVALID, "null", "run is null");
  if (!MORTISE_COMPLETE(report, mortise_job_report, details)) return tooShort(error, "mortise_job_report");
  return guard(nullptr, Threads::any, "jobs/1 report", error, [&] {
    if (report->state < MORTISE_TARGET_DONE || report->state > MORTISE_TARGET_RUNNING)
      return answer(error, MORTISE_INVALID, "bad_state", "report: the state is no mortise_target_state");
    services::JobReport said;
    said.target = copy(report->target);
    said.state = static_cast<services::JobReport::State>(report->state);
    said.synced = report->synced;
    said.created = report->created;
    said.updated = report->updated;
    said.deleted = report->deleted;
    said.failure = copy(report->failure);
    said.details = copy(report->details);
    run->run->report(std::move(said));
    return MORTISE_OK;
  });
}

}  // extern "C"

const mortise_jobs_v1 kTable = {sizeof(mortise_jobs_v1),
                                &jobsPut,
                                &jobsRemove,
                                &jobsTrigger,
                                &jobsExists,
                                &jobsCancel,
                                &runId,
                                &runJob,
                                &runPayload,
                                &runStartedAt,
                                &runTriggered,
                                &runCancelled,
                                &runProgress,
                                &runOutput,
                                &jobsList,
                                &runDueAt,
                                &runCreatedBy,
                                &runReport};

}  // namespace

template <>
ServedInterface serve<mortise_jobs_v1>(std::string_view name) {
  return {name, &kTable, &with<&HostServices::jobs>};
}

}  // namespace mortise::plugin
