#include "core/ops/health.hpp"

#include <pthread.h>

#include <exception>
#include <thread>
#include <utility>

namespace mortise::ops {
namespace {

using Clock = std::chrono::steady_clock;

std::int64_t microsSince(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count();
}

}  // namespace

struct Health::Runner {
  Runner(std::string checkName, bool isRequired, std::chrono::milliseconds checkLimit, Check checkFunction)
      : name(std::move(checkName)), required(isRequired), limit(checkLimit), check(std::move(checkFunction)) {
    thread = std::thread([this] { loop(); });
  }

  ~Runner() {
    {
      std::lock_guard lock(mutex);
      stopping = true;
    }
    changed.notify_all();
    thread.join();
  }

  void loop() {
    ::pthread_setname_np(::pthread_self(), ("health-" + name).substr(0, 15).c_str());
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [this] { return stopping || wanted; });
      if (stopping) return;
      wanted = false;
      running = true;
      lock.unlock();
      const auto start = Clock::now();
      CheckResult outcome;
      try {
        outcome = check(limit);
      } catch (const std::exception& error) {
        outcome = {false, error.what()};
      } catch (...) {
        outcome = {false, "the check threw"};
      }
      const std::int64_t took = microsSince(start);
      lock.lock();
      result = std::move(outcome);
      latencyMicros = took;
      finishedAt = Clock::now();
      ++finished;
      running = false;
      changed.notify_all();
    }
  }

  bool fresh(std::chrono::milliseconds cacheFor) const {
    return finished > 0 && !running && !wanted && Clock::now() - finishedAt < cacheFor;
  }

  // The count of finished runs to wait for; 0 when what is there will do.
  std::uint64_t request(std::chrono::milliseconds cacheFor) {
    std::lock_guard lock(mutex);
    if (fresh(cacheFor)) return 0;
    if (!running && !wanted) {
      wanted = true;
      changed.notify_all();
    }
    return finished + 1;
  }

  CheckReport await(std::uint64_t goal, Clock::time_point start) {
    std::unique_lock lock(mutex);
    CheckReport report;
    report.name = name;
    report.required = required;
    if (goal != 0 && !changed.wait_until(lock, start + limit, [&] { return finished >= goal; })) {
      report.timedOut = true;
      report.detail = "no answer within " + std::to_string(limit.count()) + " ms";
      report.latencyMicros = microsSince(start);
      return report;
    }
    report.healthy = result.healthy;
    report.detail = result.detail;
    report.latencyMicros = latencyMicros;
    return report;
  }

  const std::string name;
  const bool required;
  const std::chrono::milliseconds limit;
  const Check check;

  std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false;
  bool wanted = false;
  bool running = false;
  std::uint64_t finished = 0;
  CheckResult result;
  std::int64_t latencyMicros = 0;
  Clock::time_point finishedAt;
  std::thread thread;
};

Health::Health(std::chrono::milliseconds cacheFor) : cacheFor_(cacheFor) {}
Health::~Health() = default;

void Health::add(std::string name, bool required, std::chrono::milliseconds limit, Check check) {
  std::lock_guard lock(adding_);
  runners_.push_back(std::make_unique<Runner>(std::move(name), required, limit, std::move(check)));
}

HealthReport Health::run() {
  std::vector<Runner*> runners;
  {
    std::lock_guard lock(adding_);
    for (const auto& runner : runners_) runners.push_back(runner.get());
  }
  const auto start = Clock::now();
  std::vector<std::uint64_t> goals;
  for (Runner* runner : runners) goals.push_back(runner->request(cacheFor_));
  HealthReport report;
  for (std::size_t i = 0; i < runners.size(); ++i) {
    CheckReport one = runners[i]->await(goals[i], start);
    if (!one.healthy) {
      report.degraded = true;
      if (one.required) report.ready = false;
    }
    report.checks.push_back(std::move(one));
  }
  return report;
}

}  // namespace mortise::ops
