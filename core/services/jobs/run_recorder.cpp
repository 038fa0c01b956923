#include "core/services/jobs/run_recorder.hpp"

#include <pthread.h>

#include <chrono>
#include <exception>
#include <iterator>
#include <utility>

#include "core/ops/log.hpp"

namespace mortise::services {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Ends within this time are written together.
constexpr milliseconds kGather{200};
constexpr milliseconds kProgress{1000};
constexpr int kLastAttempts = 3;

// Puts back what could not be written, before what came since.
template <class T>
void putBack(std::vector<T>& into, std::vector<T>& from) {
  into.insert(into.begin(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

RunRecorder::RunRecorder(JobStore& store, std::function<std::vector<std::shared_ptr<JobRun>>()> running,
                         std::function<void()> reported)
    : store_(store), running_(std::move(running)), reported_(std::move(reported)) {}

RunRecorder::~RunRecorder() { stop(); }

void RunRecorder::start() {
  if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
}

void RunRecorder::ended(RunEnd end) { ended(std::move(end), nullptr); }

void RunRecorder::ended(RunEnd end, std::shared_ptr<JobRun> run) {
  const std::lock_guard lock(mutex_);
  ends_.push_back({std::move(end), std::move(run)});
  wake_.notify_one();
}

void RunRecorder::release(Claim claim) {
  const std::lock_guard lock(mutex_);
  releases_.push_back(std::move(claim));
  wake_.notify_one();
}

void RunRecorder::flush() {
  bool reported = false;
  std::exception_ptr failure;
  {
    const std::lock_guard writing(writing_);
    try {
      reported = keepEnds();
      keepReleases();
      // Of a run that has ended meanwhile too: its end follows.
      reported = keepReports() || reported;
    } catch (...) {
      failure = std::current_exception();
    }
  }
  // What was stored before the failure counts as well.
  if (reported) reported_();
  if (failure) std::rethrow_exception(failure);
}

bool RunRecorder::keepEnds() {
  std::vector<Ended> ended;
  {
    const std::lock_guard lock(mutex_);
    ended.swap(ends_);
  }
  if (ended.empty()) return false;
  bool reported = false;
  std::vector<RunEnd> ends;
  ends.reserve(ended.size());
  for (auto& [end, run] : ended) {
    if (run != nullptr) end.reports = run->takeReports();
    reported = reported || end.hasReported;
    ends.push_back(std::move(end));
  }
  try {
    store_.end(ends);
  } catch (...) {
    for (std::size_t i = 0; i < ended.size(); ++i) {
      if (ended[i].run != nullptr) ended[i].run->returnReports(std::exchange(ends[i].reports, {}));
      ended[i].end = std::move(ends[i]);
    }
    const std::lock_guard lock(mutex_);
    putBack(ends_, ended);
    throw;
  }
  return reported;
}

void RunRecorder::keepReleases() {
  std::vector<Claim> releases;
  {
    const std::lock_guard lock(mutex_);
    releases.swap(releases_);
  }
  if (releases.empty()) return;
  try {
    store_.releaseClaims(releases);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    putBack(releases_, releases);
    throw;
  }
}

bool RunRecorder::keepReports() {
  std::vector<std::shared_ptr<JobRun>> runs;
  std::vector<RunReports> reports;
  for (const auto& run : running_()) {
    auto some = run->takeReports();
    if (some.empty()) continue;
    runs.push_back(run);
    reports.push_back({run->id(), std::move(some)});
  }
  if (runs.empty()) return false;
  try {
    store_.report(reports);
  } catch (...) {
    for (std::size_t i = 0; i < runs.size(); ++i) runs[i]->returnReports(std::move(reports[i].reports));
    throw;
  }
  return true;
}

void RunRecorder::keepProgress() {
  for (const auto& run : running_()) {
    std::int64_t percent = 0;
    std::string text;
    if (run->takeProgress(percent, text)) store_.progress(run->id(), percent, text);
  }
}

void RunRecorder::work() {
  ::pthread_setname_np(::pthread_self(), "jobs-record");
  auto nextProgress = steady_clock::now() + kProgress;
  bool failing = false;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (failing) {
        wake_.wait_for(lock, kProgress, [this] { return stopping_; });
      } else {
        wake_.wait_until(lock, nextProgress, [this] { return stopping_ || !ends_.empty() || !releases_.empty(); });
        wake_.wait_for(lock, kGather, [this] { return stopping_; });
      }
      if (stopping_) return;
    }
    try {
      flush();
      if (steady_clock::now() >= nextProgress) {
        nextProgress = steady_clock::now() + kProgress;
        keepProgress();
      }
      if (std::exchange(failing, false)) log::info("runs of jobs are recorded again");
    } catch (const std::exception& error) {
      if (!std::exchange(failing, true))
        log::error("runs of jobs can't be recorded; trying again every second", {{"reason", error.what()}});
    }
  }
}

void RunRecorder::stop() noexcept {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  for (int attempt = 1; attempt <= kLastAttempts; ++attempt) {
    try {
      flush();
      return;
    } catch (const std::exception& error) {
      log::error("runs of jobs can't be recorded", {{"attempt", attempt}, {"reason", error.what()}});
    }
  }
}

}  // namespace mortise::services
