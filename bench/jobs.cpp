// The job engine by itself, on SQLite with the server's settings: how long it takes to start with many jobs, what a
// tick and a waiting job cost, and how late runs are. `./dev bench --jobs`.
#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/base/identifiers.hpp"
#include "core/db/database.hpp"
#include "core/ops/log.hpp"
#include "core/services/jobs/job_database_testing.hpp"
#include "core/services/jobs/jobs.hpp"
#include "tests/peers/process.hpp"

namespace {

using namespace mortise;
using services::Jobs;
using services::JobStore;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t kSecond = 1'000'000;

double secondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

double cpuSeconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double allocatedMiB() {
  const auto info = ::mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd) / (1 << 20);
}

std::unique_ptr<db::Database> fresh(const std::string& directory, const std::string& name) {
  return services::openJobDatabase("sqlite:" + directory + "/" + name + ".db");
}

// `count` jobs that fire on the next 29 February, at times spread over that day, and `ticking` that fire every second,
// spread over it, or all `atOnce`.
void fill(db::Database& database, int count, int ticking, bool atOnce = false) {
  const auto now = nowMicros();
  database.transaction([&](db::Connection& connection) {
    for (int i = 0; i < count + ticking; ++i) {
      const bool ticks = i >= count;
      services::StoredJob job;
      job.id = "bench.job-" + std::to_string(i);
      job.module = "bench";
      job.job = job.id.substr(6);
      job.name = job.description = job.job;
      const auto spread = ticks && !atOnce ? std::int64_t{i - count} * kSecond / ticking : 0;
      job.trigger = services::Trigger::parse(
          ticks ? "every: PT1S from " + isoMicros((now / kSecond + 3) * kSecond + spread)
                : "cron: " + std::to_string(i % 60) + " " + std::to_string(i / 60 % 24) + " 29 2 *",
          ticks ? "UTC" : "America/New_York");
      job.nextRun = job.trigger.next(now);
      job.revision = 1;
      JobStore::insert(connection, job);
    }
  });
}

void measureSize(const std::string& directory, int count) {
  constexpr int kTicking = 10;
  constexpr int kSeconds = 10;
  const auto database = fresh(directory, "jobs" + std::to_string(count));
  fill(*database, count, kTicking);
  Jobs jobs(*database, {});
  std::atomic<int> ran{0};
  jobs.serve("bench", [&](services::JobRun&) {
    ++ran;
    return std::string();
  });
  const auto memory = allocatedMiB();
  const auto start = Clock::now();
  jobs.start();
  const auto started = secondsSince(start);
  const auto used = allocatedMiB() - memory;
  std::this_thread::sleep_for(std::chrono::seconds(4));  // the first times are over
  const int before = ran;
  const auto cpu = cpuSeconds();
  std::this_thread::sleep_for(std::chrono::seconds(kSeconds));
  const auto perRun = (cpuSeconds() - cpu) / std::max(ran - before, 1);
  std::printf(
      "%8d jobs: start %6.3f s, memory %6.2f MiB (%4.0f bytes a job), %6.0f us CPU for each of %d runs in %d s\n",
      count, started, used, used * 1048576.0 / count, perRun * 1e6, ran - before, kSeconds);
  jobs.stop(std::chrono::seconds(10));
}

void measureLateness(const std::string& directory, bool atOnce) {
  constexpr int kRate = 200;
  constexpr int kSeconds = 20;
  const auto database = fresh(directory, atOnce ? "burst" : "spread");
  fill(*database, 0, kRate, atOnce);
  Jobs jobs(*database, {});
  std::mutex mutex;
  std::vector<std::int64_t> late;
  jobs.serve("bench", [&](services::JobRun& run) {
    const std::lock_guard lock(mutex);
    late.push_back(run.startedAt() - run.dueAt());
    return std::string();
  });
  jobs.start();
  std::this_thread::sleep_for(std::chrono::seconds(5));
  {
    const std::lock_guard lock(mutex);
    late.clear();
  }
  std::this_thread::sleep_for(std::chrono::seconds(kSeconds));
  jobs.stop(std::chrono::seconds(10));
  std::sort(late.begin(), late.end());
  const auto percentile = [&](double part) {
    const auto index = static_cast<std::size_t>(part * static_cast<double>(late.size() - 1));
    return static_cast<double>(late[index]) / 1000;
  };
  std::printf("%d runs a second, %s: %zu runs in %d s, lateness p50 %.1f ms, p99 %.1f ms, most %.1f ms\n", kRate,
              atOnce ? "all at the full second" : "spread over the second", late.size(), kSeconds, percentile(0.5),
              percentile(0.99), percentile(1));
}

}  // namespace

int main() {
  log::configure(log::Level::warning, log::Format::logfmt);
  const peers::TempDirectory directory("mortise-bench");
  for (const int count : {100, 10'000, 100'000}) measureSize(directory.path(), count);
  for (const bool atOnce : {false, true}) measureLateness(directory.path(), atOnce);
}
