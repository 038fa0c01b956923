// jobs/1 over JobBook.
#include <algorithm>
#include <cstddef>

#include "core/ops/log.hpp"
#include "core/plugin/host_errors.hpp"
#include "core/plugin/host_tables.hpp"
#include "core/plugin/job_book.hpp"
#include "core/plugin/job_run.hpp"
#include "mortise/abi/jobs.h"

namespace mortise::plugin {
namespace {

constexpr std::size_t kMaxOutput = 64 << 10;

template <typename Work>
mortise_status onBook(mortise_host* raw, const char* function, mortise_error* error, Work work) {
  auto* host = hostOf(raw);
  if (host == nullptr) return noHost(error);
  return guarded(host, function, error, [&] {
    if (!mayBlock(host, function, error)) return MORTISE_INVALID;
    return work(host->jobs());
  });
}

extern "C" {

mortise_status jobsPut(mortise_host* host, const mortise_job* job, mortise_error* error) {
  if (!MORTISE_COMPLETE(job, mortise_job, payload)) return tooShort(error, "mortise_job");
  return onBook(host, "jobs/1 put", error, [&](JobBook& book) {
    book.put(view(job->id), view(job->trigger), view(job->zone), view(job->payload));
    return MORTISE_OK;
  });
}

mortise_status jobsRemove(mortise_host* host, mortise_str id, mortise_error* error) {
  return onBook(host, "jobs/1 remove", error, [&](JobBook& book) {
    return book.remove(view(id)) ? MORTISE_OK : answer(error, MORTISE_NOT_FOUND, "not_found", "no job " + copy(id));
  });
}

mortise_status jobsTrigger(mortise_host* host, mortise_str id, mortise_error* error) {
  return onBook(host, "jobs/1 trigger", error, [&](JobBook& book) {
    book.trigger(view(id));
    return MORTISE_OK;
  });
}

int32_t jobsExists(mortise_host* raw, mortise_str id) {
  auto* host = hostOf(raw);
  return host == nullptr ? 0
                         : guardedOr(host, "jobs/1 exists", 0, [&] { return host->jobs().exists(view(id)) ? 1 : 0; });
}

mortise_status jobsCancel(mortise_host* host, mortise_str runId, mortise_error* error) {
  return onBook(host, "jobs/1 cancel", error, [&](JobBook& book) {
    return book.cancel(view(runId)) ? MORTISE_OK : answer(error, MORTISE_NOT_FOUND, "not_found", "no such run goes on");
  });
}

mortise_str runId(mortise_run* run) { return run == nullptr ? mortise_str{} : str(run->run->id()); }
mortise_str runJob(mortise_run* run) { return run == nullptr ? mortise_str{} : str(run->job); }
mortise_str runPayload(mortise_run* run) { return run == nullptr ? mortise_str{} : str(run->payload); }
int64_t runStartedAt(mortise_run* run) { return run == nullptr ? 0 : run->startedAt; }
int32_t runTriggered(mortise_run* run) { return run != nullptr && run->run->manual() ? 1 : 0; }
int32_t runCancelled(mortise_run* run) {
  return run == nullptr || run->stopping->load() || run->run->cancelled() ? 1 : 0;
}

void runProgress(mortise_run* run, int32_t percent, mortise_str text) {
  if (run == nullptr) return;
  guardedOr(nullptr, "jobs/1 progress", 0, [&] {
    log::debug("job progress", {{"module", run->module},
                                {"job", run->job},
                                {"run", run->run->id()},
                                {"percent", std::clamp(percent, 0, 100)},
                                {"text", view(text)}});
    return 0;
  });
}

void runOutput(mortise_run* run, mortise_str line) {
  if (run == nullptr) return;
  guardedOr(nullptr, "jobs/1 output", 0, [&] {
    const std::lock_guard lock(run->mutex);
    if (run->output.size() + line.size + 1 > kMaxOutput) return 0;
    run->output.append(view(line)).append("\n");
    return 0;
  });
}

}  // extern "C"

// What comes after output() is not served yet: the size says so.
const mortise_jobs_v1 kTable = {offsetof(mortise_jobs_v1, list),
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
                                nullptr,
                                nullptr,
                                nullptr};

}  // namespace

const void* jobsTable() { return &kTable; }

}  // namespace mortise::plugin
