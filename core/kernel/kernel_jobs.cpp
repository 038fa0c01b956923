#include "core/kernel/kernel_jobs.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/identifiers.hpp"
#include "core/kernel/option_values.hpp"
#include "core/services/jobs/jobs.hpp"

namespace mortise::kernel {
namespace {

constexpr std::int64_t kMillisecond = 1000;

using Work = std::function<std::string(services::JobRun&)>;

}  // namespace

KernelJobs::KernelJobs(const Plan& plan, Stores& stores, Parts& parts)
    : config_(plan.config()),
      stores_(stores),
      parts_(parts),
      scrub_(*parts.storage.blobs, parts.metrics, static_cast<std::uint64_t>(config_.integer("blobs.scrub_rate"))) {
  auto& jobs = parts_.jobs();
  std::vector<services::JobDefinition> declared;
  std::map<std::string, Work> functions;
  const auto add = [&](const char* id, const char* name, const char* description, const services::Trigger& trigger,
                       Work work) {
    declared.push_back({"kernel", id, name, description, trigger});
    functions.emplace(declared.back().id(), std::move(work));
  };
  const auto hourly = services::Trigger::parse("every: PT1H");
  add("clean_identity", "Clean identity", "Removes expired sessions, tokens and setup links", hourly,
      [this](auto&) { return std::to_string(stores_.identity.cleanUp()) + " expired rows removed"; });
  add("clean_job_runs", "Clean job runs", "Removes records of runs that are older than jobs.history", hourly,
      [this](auto&) {
        const auto before = nowMicros() - config_.integer("jobs.history") * kMillisecond;
        return std::to_string(parts_.jobs().purge(before)) + " records of runs removed";
      });
  if (config_.integer("audit.retention") > 0) {
    add("expire_audit", "Expire audit", "Removes audit rows that are older than audit.retention", hourly,
        [this](auto&) { return std::to_string(expireAudit()) + " audit rows dropped"; });
  }
  add("clean_blobs", "Clean blobs", "Removes what uploads left behind that a crash cut off", hourly,
      [this](auto&) { return std::to_string(cleanUploads()) + " leftovers of uploads removed"; });
  if (const auto when = config_.text("blobs.scrub"); when != kNever) {
    add("scrub_blobs", "Scrub blobs", "Reads every blob and compares it with its name",
        services::Trigger::parse(when, jobs.options().timezone),
        [this](services::JobRun& run) { return scrub_.run(run); });
  }
  jobs.declare("kernel", std::move(declared));
  jobs.serve("kernel",
             [functions = std::move(functions)](services::JobRun& run) { return functions.at(run.job())(run); });
  jobs.start();
}

KernelJobs::~KernelJobs() { parts_.jobs().stop(std::chrono::seconds(10)); }

void KernelJobs::cleanNow(WorkerPool& workers) {
  if (config_.integer("audit.retention") > 0) workers.post([this] { expireAudit(); });
  workers.post([this] { cleanUploads(); });
  workers.post([this] { scrub_.count(); });
}

std::int64_t KernelJobs::expireAudit() {
  return stores_.audit.expire(nowMicros() - config_.integer("audit.retention") * kMillisecond);
}

std::size_t KernelJobs::cleanUploads() { return parts_.storage.blobs->cleanUp() + parts_.storage.objects->cleanUp(); }

}  // namespace mortise::kernel
