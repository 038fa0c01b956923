#include "core/plugin/job_book.hpp"

#include <algorithm>
#include <stdexcept>

#include "core/base/identifiers.hpp"
#include "core/ops/log.hpp"
#include "core/plugin/host.hpp"
#include "core/plugin/host_errors.hpp"
#include "core/plugin/job_run.hpp"
#include "core/plugin/lane.hpp"
#include "core/plugin/module_instance.hpp"
#include "core/services/jobs/jobs.hpp"

namespace mortise::plugin {
namespace {

using services::ErrorKind;
using services::ServiceError;
using services::Trigger;

constexpr std::size_t kMaxId = 200;
constexpr std::size_t kMaxPayload = 64 << 10;
// Never comes: for jobs that only run when they are asked to.
constexpr const char* kNever = "at: 1970-01-01T00:00:00Z";

std::string_view bounded(const char* text, std::size_t size) {
  return {text, static_cast<std::size_t>(std::find(text, text + size, '\0') - text)};
}

}  // namespace

JobBook::~JobBook() { close(); }

std::string JobBook::fullName(std::string_view id) const { return host_.moduleName() + "." + std::string(id); }

void JobBook::reapIfAny() {
  if (std::none_of(entries_.begin(), entries_.end(), [](const auto& entry) { return entry.second.removed; })) return;
  auto& jobs = *host_.services().jobs;
  const auto states = jobs.list();
  for (auto at = entries_.begin(); at != entries_.end();) {
    const auto state =
        std::find_if(states.begin(), states.end(), [&](const auto& job) { return job.id == fullName(at->first); });
    // Paused, so a job that does not run now will not run again: removing it does not wait.
    if (!at->second.removed || (state != states.end() && state->running)) {
      ++at;
      continue;
    }
    jobs.remove(fullName(at->first));
    at = entries_.erase(at);
  }
}

void JobBook::add(const std::string& id, Entry entry, const Trigger& trigger) {
  host_.services().jobs->add(fullName(id), trigger, [this, id](services::JobRun& run) { return this->run(id, run); });
  entries_.emplace(id, std::move(entry));
}

void JobBook::declare(const JobDeclaration& job) {
  const std::lock_guard lock(mutex_);
  add(job.id, {}, Trigger::parse(job.trigger.empty() ? kNever : job.trigger, job.zone));
}

void JobBook::put(std::string_view id, std::string_view text, std::string_view zone, std::string_view payload) {
  if (id.empty() || id.size() > kMaxId)
    throw ServiceError(ErrorKind::invalid, "a job id has 1 to 200 bytes, this one " + std::to_string(id.size()));
  if (payload.size() > kMaxPayload)
    throw ServiceError(ErrorKind::invalid,
                       "a payload has at most 64 KiB, this one " + std::to_string(payload.size()) + " bytes");
  if (host_.manifest().job(id) != nullptr)
    throw ServiceError(ErrorKind::invalid, "job " + std::string(id) + " is in module.yaml; put jobs have other ids");
  const auto trigger = Trigger::parse(text, zone);
  const std::lock_guard lock(mutex_);
  reapIfAny();
  Entry entry;
  entry.payload = payload;
  const auto found = entries_.find(id);
  if (found == entries_.end()) return add(std::string(id), std::move(entry), trigger);
  host_.services().jobs->reschedule(fullName(id), trigger);
  if (found->second.removed) host_.services().jobs->pause(fullName(id), false);
  found->second = std::move(entry);
}

bool JobBook::remove(std::string_view id) {
  if (host_.manifest().job(id) != nullptr)
    throw ServiceError(ErrorKind::invalid, "job " + std::string(id) + " is in module.yaml and stays");
  const std::lock_guard lock(mutex_);
  reapIfAny();
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.removed) return false;
  auto& jobs = *host_.services().jobs;
  // Taken out of the engine by reap(): waiting for a run here, with our lock held, could be waiting for ourselves.
  found->second.removed = true;
  for (const auto& [run, job] : active_) {
    if (job == id) jobs.cancel(run);
  }
  jobs.pause(fullName(id), true);
  return true;
}

void JobBook::trigger(std::string_view id) {
  if (!exists(id)) throw ServiceError(ErrorKind::notFound, "no job " + std::string(id));
  host_.services().jobs->runNow(fullName(id));
}

bool JobBook::exists(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  return host_.manifest().job(id) != nullptr || (found != entries_.end() && !found->second.removed);
}

bool JobBook::cancel(std::string_view runId) {
  {
    const std::lock_guard lock(mutex_);
    if (!active_.contains(runId)) return false;
  }
  return host_.services().jobs->cancel(runId);
}

std::string JobBook::run(const std::string& id, services::JobRun& run) {
  mortise_run face;
  face.run = &run;
  face.stopping = &host_.stopping();
  face.module = host_.moduleName();
  face.job = id;
  face.startedAt = nowMicros();
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(id);
    if (found == entries_.end() || found->second.removed) return "removed before it ran";
    face.payload = found->second.payload;
    active_.emplace(run.id(), id);
  }
  mortise_error error{};
  error.struct_size = sizeof error;
  const LaneScope lane(ThreadLane::worker);
  const auto status = instance_ == nullptr ? answer(&error, MORTISE_CLOSED, "stopping", "the module is not running")
                                           : instance_->runJob(id, &face, &error);
  {
    const std::lock_guard lock(mutex_);
    active_.erase(run.id());
  }
  const std::lock_guard lock(face.mutex);
  if (status == MORTISE_OK) return face.output;
  std::string reason(bounded(error.text, sizeof error.text));
  if (reason.empty()) reason = "status " + std::to_string(static_cast<int>(status)) + ", no reason given";
  throw std::runtime_error(face.output.empty() ? reason : reason + "\n" + face.output);
}

void JobBook::close() noexcept {
  std::map<std::string, Entry, std::less<>> left;
  {
    const std::lock_guard lock(mutex_);
    left.swap(entries_);
  }
  for (const auto& entry : left) {
    guardedOr(&host_, "removing a job", false, [&] { return host_.services().jobs->remove(fullName(entry.first)); });
  }
}

}  // namespace mortise::plugin
