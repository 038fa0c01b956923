#include "core/services/jobs/jobs.hpp"

#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "core/base/identifiers.hpp"
#include "core/ops/log.hpp"

namespace mortise::services {
namespace {

using Outcome = JobResult::Outcome;

class Run final : public JobRun {
 public:
  Run(std::string job, std::string id, bool isManual) : job_(std::move(job)), id_(std::move(id)), manual_(isManual) {}
  const std::string& job() const override { return job_; }
  const std::string& id() const override { return id_; }
  bool cancelled() const override { return cancelled_.load(std::memory_order_relaxed); }
  bool manual() const override { return manual_; }
  void cancel() { cancelled_.store(true, std::memory_order_relaxed); }

 private:
  const std::string job_, id_;
  const bool manual_;
  std::atomic<bool> cancelled_{false};
};

struct Job {
  std::string id;
  Trigger trigger;
  Jobs::Function function;
  std::optional<std::int64_t> nextRun;
  bool paused = false;
  std::shared_ptr<Run> run;       // the one that goes on
  std::deque<JobResult> history;  // newest first
};
using JobPtr = std::shared_ptr<Job>;

}  // namespace

struct Jobs::Implementation : std::enable_shared_from_this<Implementation> {
  Executor executor;
  std::size_t historyLength = 0;
  mutable std::mutex mutex;
  std::condition_variable wake;      // timer
  std::condition_variable finished;  // who waits for a run to end
  std::map<std::string, JobPtr, std::less<>> jobs;
  std::size_t running = 0;
  bool started = false, stopping = false;
  std::thread timer;

  JobPtr at(std::string_view id) const {
    const auto found = jobs.find(id);
    if (found == jobs.end()) throw ServiceError(ErrorKind::notFound, "no job " + std::string(id));
    return found->second;
  }

  // With the lock held; the executor may run the task at once on this thread only if it does not wait for the lock: it
  // must queue.
  std::string begin(const JobPtr& job, bool manual) {
    auto run = std::make_shared<Run>(job->id, uuid7(), manual);
    JobResult result;
    result.job = job->id;
    result.runId = run->id();
    result.manual = manual;
    result.startedAt = nowMicros();
    job->run = run;
    ++running;
    job->history.push_front(std::move(result));
    if (job->history.size() > historyLength) job->history.pop_back();
    if (!executor([self = shared_from_this(), job, run] { self->execute(job, *run); })) {
      end(job, *run, Outcome::refused, "all workers are busy");
    }
    return run->id();
  }

  void execute(const JobPtr& job, Run& run) {
    Outcome outcome = Outcome::succeeded;
    std::string text;
    try {
      text = job->function(run);
      if (run.cancelled()) outcome = Outcome::cancelled;
    } catch (const std::exception& error) {
      outcome = run.cancelled() ? Outcome::cancelled : Outcome::failed;
      text = error.what();
    } catch (...) {
      outcome = Outcome::failed;
      text = "the job threw something that is no exception";
    }
    if (outcome == Outcome::failed) log::error("a job failed", {{"job", job->id}, {"run", run.id()}, {"reason", text}});
    const std::lock_guard lock(mutex);
    end(job, run, outcome, std::move(text));
  }

  void end(const JobPtr& job, const Run& run, Outcome outcome, std::string text) {
    for (JobResult& result : job->history) {
      if (result.runId != run.id()) continue;
      result.outcome = outcome;
      result.finishedAt = nowMicros();
      result.text = text.substr(0, 2000);
    }
    if (outcome == Outcome::refused) log::error("a job was not run: all workers are busy", {{"job", job->id}});
    job->run = nullptr;
    --running;
    finished.notify_all();
  }

  void tick() {
    ::pthread_setname_np(::pthread_self(), "jobs");
    std::unique_lock lock(mutex);
    while (!stopping) {
      const std::int64_t now = nowMicros();
      std::int64_t wakeAt = now + 60'000'000;  // a clock that was set is noticed within a minute at the latest
      for (const auto& [id, job] : jobs) {
        if (job->paused || !job->nextRun) continue;
        if (*job->nextRun <= now) {
          // What was missed is run once, not once per missed time.
          job->nextRun = job->trigger.next(std::max(*job->nextRun, now) + 1);
          if (!job->run) begin(job, false);
        }
        if (job->nextRun) wakeAt = std::min(wakeAt, *job->nextRun);
      }
      wake.wait_until(lock, std::chrono::system_clock::time_point(std::chrono::microseconds(wakeAt)));
    }
  }
};

Jobs::Jobs(Executor executor, std::size_t historyPerJob) : implementation_(std::make_shared<Implementation>()) {
  implementation_->executor = std::move(executor);
  implementation_->historyLength = std::max<std::size_t>(historyPerJob, 1);
}

Jobs::~Jobs() { stop(std::chrono::seconds(10)); }

void Jobs::add(std::string id, Trigger trigger, Function function) {
  const std::lock_guard lock(implementation_->mutex);
  if (implementation_->jobs.contains(id)) throw ServiceError(ErrorKind::invalid, "job " + id + " exists already");
  auto job = std::make_shared<Job>(Job{id, std::move(trigger), std::move(function), std::nullopt, false, nullptr, {}});
  job->nextRun = job->trigger.next(nowMicros());
  implementation_->jobs.emplace(std::move(id), std::move(job));
  implementation_->wake.notify_all();
}

bool Jobs::remove(std::string_view id) {
  std::unique_lock lock(implementation_->mutex);
  const auto found = implementation_->jobs.find(id);
  if (found == implementation_->jobs.end()) return false;
  const JobPtr job = found->second;
  implementation_->jobs.erase(found);
  if (job->run) job->run->cancel();
  implementation_->finished.wait(lock, [&] { return job->run == nullptr; });
  return true;
}

void Jobs::start() {
  const std::lock_guard lock(implementation_->mutex);
  if (implementation_->started || implementation_->stopping) return;
  implementation_->started = true;
  for (const auto& [id, job] : implementation_->jobs) job->nextRun = job->trigger.next(nowMicros());
  implementation_->timer = std::thread([self = implementation_.get()] { self->tick(); });
}

std::string Jobs::runNow(std::string_view id) {
  const std::lock_guard lock(implementation_->mutex);
  const JobPtr job = implementation_->at(id);
  if (implementation_->stopping) throw ServiceError(ErrorKind::unavailable, "jobs: the server is stopping");
  if (job->run) throw ServiceError(ErrorKind::denied, "job " + job->id + " is running");
  return implementation_->begin(job, true);
}

bool Jobs::cancel(std::string_view runId) {
  const std::lock_guard lock(implementation_->mutex);
  for (const auto& [id, job] : implementation_->jobs) {
    if (!job->run || job->run->id() != runId) continue;
    job->run->cancel();
    return true;
  }
  return false;
}

void Jobs::pause(std::string_view id, bool paused) {
  const std::lock_guard lock(implementation_->mutex);
  const JobPtr job = implementation_->at(id);
  if (job->paused && !paused) job->nextRun = job->trigger.next(nowMicros());
  job->paused = paused;
  implementation_->wake.notify_all();
}

void Jobs::reschedule(std::string_view id, Trigger trigger) {
  const std::lock_guard lock(implementation_->mutex);
  const JobPtr job = implementation_->at(id);
  job->trigger = std::move(trigger);
  job->nextRun = job->trigger.next(nowMicros());
  implementation_->wake.notify_all();
}

std::vector<JobState> Jobs::list() const {
  const std::lock_guard lock(implementation_->mutex);
  std::vector<JobState> states;
  for (const auto& [id, job] : implementation_->jobs) {
    states.push_back(
        {id, job->trigger.text(), job->paused ? std::nullopt : job->nextRun, job->run != nullptr, job->paused});
  }
  return states;
}

std::vector<JobResult> Jobs::history(std::string_view id) const {
  const std::lock_guard lock(implementation_->mutex);
  const JobPtr job = implementation_->at(id);
  return {job->history.begin(), job->history.end()};
}

bool Jobs::stop(std::chrono::milliseconds limit) {
  std::thread timer;
  bool quiet = false;
  {
    std::unique_lock lock(implementation_->mutex);
    implementation_->stopping = true;
    timer.swap(implementation_->timer);
    for (const auto& [id, job] : implementation_->jobs) {
      if (job->run) job->run->cancel();
    }
    implementation_->wake.notify_all();
    quiet = implementation_->finished.wait_for(lock, limit, [&] { return implementation_->running == 0; });
  }
  if (timer.joinable()) timer.join();
  return quiet;
}

}  // namespace mortise::services
