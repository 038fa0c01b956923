#include "core/services/jobs/run_recorder.hpp"

#include <pthread.h>

#include <chrono>
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

}  // namespace

RunRecorder::RunRecorder(JobStore& store, std::function<std::vector<std::shared_ptr<JobRun>>()> running)
    : store_(store), running_(std::move(running)) {}

RunRecorder::~RunRecorder() { stop(); }

void RunRecorder::start() {
  if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
}

void RunRecorder::ended(RunEnd end) {
  const std::lock_guard lock(mutex_);
  ends_.push_back(std::move(end));
  wake_.notify_one();
}

void RunRecorder::release(Claim claim) {
  const std::lock_guard lock(mutex_);
  releases_.push_back(std::move(claim));
  wake_.notify_one();
}

void RunRecorder::flush() {
  const std::lock_guard writing(writing_);
  std::vector<RunEnd> ends;
  std::vector<Claim> releases;
  {
    const std::lock_guard lock(mutex_);
    ends.swap(ends_);
    releases.swap(releases_);
  }
  try {
    if (!ends.empty()) store_.end(ends);
    ends.clear();
    if (!releases.empty()) store_.releaseClaims(releases);
  } catch (...) {
    const std::lock_guard lock(mutex_);
    ends_.insert(ends_.begin(), std::make_move_iterator(ends.begin()), std::make_move_iterator(ends.end()));
    releases_.insert(releases_.begin(), std::make_move_iterator(releases.begin()),
                     std::make_move_iterator(releases.end()));
    throw;
  }
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
