#include "core/plugin/job_book.hpp"

#include <algorithm>
#include <stdexcept>

#include "core/base/text.hpp"
#include "core/db/after_commit.hpp"
#include "core/plugin/host.hpp"
#include "core/plugin/host_errors.hpp"
#include "core/plugin/job_run.hpp"
#include "core/plugin/lane.hpp"
#include "core/plugin/manifest.hpp"
#include "core/plugin/module_instance.hpp"
#include "core/services/jobs/jobs.hpp"

namespace mortise::plugin {
namespace {

using services::ErrorKind;
using services::JobDefinition;
using services::JobRules;
using services::ServiceError;
using services::Trigger;

constexpr std::size_t kMaxId = 200;
constexpr std::size_t kMaxName = 200;
constexpr std::size_t kMaxDescription = 1000;
constexpr std::size_t kMaxPayload = 64 << 10;

std::string_view bounded(const char* text, std::size_t size) {
  return {text, static_cast<std::size_t>(std::find(text, text + size, '\0') - text)};
}

void requireLength(const char* what, std::string_view text, std::size_t longest) {
  if (text.size() <= longest) return;
  throw ServiceError(ErrorKind::invalid, std::string(what) + " has at most " + std::to_string(longest) +
                                             " bytes, this one " + std::to_string(text.size()));
}

std::int64_t inRange(const char* what, std::int64_t value, std::int64_t minimum, std::int64_t maximum) {
  if (value >= minimum && value <= maximum) return value;
  throw ServiceError(ErrorKind::invalid, std::string(what) + " is " + std::to_string(value) + "; use " +
                                             std::to_string(minimum) + " to " + std::to_string(maximum));
}

std::int64_t orDefault(std::int64_t value, std::int64_t fallback) { return value == 0 ? fallback : value; }

// The module's rules; the older mortise_job has none.
JobRules rulesOf(const mortise_job& job) {
  JobRules rules;
  if (!MORTISE_HAS(&job, mortise_job, each_missed)) return rules;
  rules.jitterSeconds = inRange("jitter_seconds", job.jitter_seconds, 0, kMaxJitterSeconds);
  rules.timeLimitSeconds = inRange("time_limit_seconds", job.time_limit_seconds, 0, kMaxJobSeconds);
  rules.maxInstances = inRange("max_instances", orDefault(job.max_instances, rules.maxInstances), 1, kMaxInstances);
  rules.misfireGraceSeconds = inRange(
      "misfire_grace_seconds", orDefault(job.misfire_grace_seconds, rules.misfireGraceSeconds), -1, kMaxJobSeconds);
  rules.coalesce = job.each_missed == 0;
  return rules;
}

}  // namespace

JobBook::~JobBook() { close(); }

std::string JobBook::fullName(std::string_view id) const { return host_.moduleName() + "." + std::string(id); }

void JobBook::open() {
  std::vector<JobDefinition> declared;
  for (const auto& job : host_.manifest().jobs) {
    JobDefinition definition{host_.moduleName(), job.id, job.name.empty() ? job.id : job.name,
                             job.description.empty() ? job.help : job.description,
                             job.trigger.empty() ? Trigger() : Trigger::parse(job.trigger, job.zone)};
    if (definition.description.empty()) definition.description = definition.name;
    definition.rules = job.rules;
    declared.push_back(std::move(definition));
  }
  auto& jobs = *host_.services().jobs;
  jobs.declare(host_.moduleName(), std::move(declared));
  jobs.serve(host_.moduleName(), [this](services::JobRun& run) { return this->run(run); });
  open_ = true;
}

void JobBook::put(const mortise_job& job) {
  const auto id = view(job.id);
  if (id.empty()) throw ServiceError(ErrorKind::invalid, "a job id has 1 to 200 bytes, this one 0");
  requireLength("a job id", id, kMaxId);
  const bool named = MORTISE_HAS(&job, mortise_job, description);
  const auto name = named && job.name.size > 0 ? view(job.name) : id;
  const auto description = named && job.description.size > 0 ? view(job.description) : name;
  requireLength("a job's name", name, kMaxName);
  requireLength("a job's description", description, kMaxDescription);
  requireLength("a payload", view(job.payload), kMaxPayload);
  for (const auto text : {id, name, description, view(job.payload)}) {
    if (text::storable(text) != text) throw ServiceError(ErrorKind::invalid, "a job's texts are UTF-8 without NUL");
  }
  if (host_.manifest().job(id) != nullptr)
    throw ServiceError(ErrorKind::invalid, "job " + std::string(id) + " is in module.yaml; put jobs have other ids");
  JobDefinition definition{host_.moduleName(), std::string(id), std::string(name), std::string(description),
                           Trigger::parse(view(job.trigger), view(job.zone))};
  definition.payload = view(job.payload);
  definition.rules = rulesOf(job);
  host_.services().jobs->put(std::move(definition));
}

bool JobBook::remove(std::string_view id) {
  if (host_.manifest().job(id) != nullptr)
    throw ServiceError(ErrorKind::invalid, "job " + std::string(id) + " is in module.yaml and stays");
  return host_.services().jobs->remove(fullName(id));
}

void JobBook::trigger(std::string_view id) {
  auto& jobs = *host_.services().jobs;
  auto name = fullName(id);
  if (db::waitsForCommit()) jobs.find(name);  // refuses now whatever can be refused before the commit
  db::afterCommit([&jobs, name = std::move(name)] { jobs.runNow(name, 0, false); });
}

bool JobBook::exists(std::string_view id) const { return host_.services().jobs->exists(fullName(id)); }

std::vector<services::StoredJob> JobBook::list() const { return host_.services().jobs->ofModule(host_.moduleName()); }

bool JobBook::cancel(std::string_view runId) {
  auto& jobs = *host_.services().jobs;
  const auto run = jobs.run(runId);
  return run && run->jobId.starts_with(host_.moduleName() + ".") && jobs.cancel(runId);
}

std::string JobBook::run(services::JobRun& run) {
  mortise_run face;
  face.run = &run;
  face.stopping = &host_.stopping();
  face.job = run.job().substr(host_.moduleName().size() + 1);
  mortise_error error{};
  error.struct_size = sizeof error;
  const LaneScope lane(ThreadLane::worker);
  const auto status = instance_ == nullptr ? answer(&error, MORTISE_CLOSED, "stopping", "the module is not running")
                                           : instance_->runJob(face.job, &face, &error);
  if (status == MORTISE_OK) return {};
  std::string reason(bounded(error.text, sizeof error.text));
  if (reason.empty()) reason = "status " + std::to_string(static_cast<int>(status)) + ", no reason given";
  throw std::runtime_error(reason);
}

void JobBook::close() noexcept {
  if (!std::exchange(open_, false)) return;
  host_.services().jobs->withdraw(host_.moduleName());
}

}  // namespace mortise::plugin
