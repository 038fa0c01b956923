#include "core/ops/health.hpp"

#include <pthread.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <limits>
#include <optional>
#include <thread>
#include <utility>

#include "core/ops/log.hpp"
#include "core/ops/metrics.hpp"

namespace mortise::ops {
namespace {

using Clock = std::chrono::steady_clock;

std::int64_t microsSince(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start).count();
}

CheckResult outcomeOf(const Health::Check& check, std::chrono::milliseconds limit) {
  try {
    return check(limit);
  } catch (const std::exception& error) {
    return {false, error.what()};
  } catch (...) {
    return {false, "the check threw"};
  }
}

}  // namespace

class Health::Runner {
 public:
  Runner(std::string name, bool required, std::chrono::milliseconds limit, Check check)
      : name_(std::move(name)), required_(required), limit_(limit), check_(std::move(check)) {
    thread_ = std::thread([this] { loop(); });
  }
  ~Runner() { end(); }
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  const std::string& name() const { return name_; }

  // Returns once the check is no longer running.
  void end() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    const std::lock_guard once(joining_);
    if (thread_.joinable()) thread_.join();
  }

  // The number of finished runs to wait for; 0 when the latest result is recent enough.
  std::uint64_t request(std::chrono::milliseconds cacheFor) {
    const std::lock_guard lock(mutex_);
    if (isFresh(cacheFor)) return 0;
    if (!running_ && !isRequested_) {
      isRequested_ = true;
      changed_.notify_all();
    }
    return finished_ + 1;
  }

  // Empty when the check was removed meanwhile.
  std::optional<CheckReport> await(std::uint64_t goal, Clock::time_point start) {
    std::unique_lock lock(mutex_);
    CheckReport report;
    report.name = name_;
    report.required = required_;
    const auto due = [&] { return stopping_ || finished_ >= goal; };
    if (goal != 0 && !changed_.wait_until(lock, start + limit_, due)) {
      report.timedOut = true;
      report.detail = "no answer within " + std::to_string(limit_.count()) + " ms";
      report.latencyMicros = microsSince(start);
      logChange(false, report.detail);
      return report;
    }
    if (finished_ < goal) return std::nullopt;
    report.healthy = result_.healthy;
    report.detail = result_.detail;
    report.latencyMicros = latencyMicros_;
    return report;
  }

  // 1, 0, or NaN before the first run.
  double standing() {
    const std::lock_guard lock(mutex_);
    if (running_ && Clock::now() - startedAt_ > limit_) return 0;
    if (finished_ == 0) return std::numeric_limits<double>::quiet_NaN();
    return result_.healthy ? 1 : 0;
  }

 private:
  void loop() {
    ::pthread_setname_np(::pthread_self(), ("health-" + name_).substr(0, 15).c_str());
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return stopping_ || isRequested_; });
      if (stopping_) return;
      isRequested_ = false;
      running_ = true;
      startedAt_ = Clock::now();
      lock.unlock();
      auto outcome = outcomeOf(check_, limit_);
      lock.lock();
      result_ = std::move(outcome);
      latencyMicros_ = microsSince(startedAt_);
      finishedAt_ = Clock::now();
      ++finished_;
      running_ = false;
      logChange(result_.healthy, result_.detail);
      changed_.notify_all();
    }
  }

  bool isFresh(std::chrono::milliseconds cacheFor) const {
    return finished_ > 0 && !running_ && !isRequested_ && Clock::now() - finishedAt_ < cacheFor;
  }

  // Logs one line each time the result changes, not one per run.
  void logChange(bool healthy, const std::string& detail) {
    if (healthy == toldHealthy_) return;
    toldHealthy_ = healthy;
    if (healthy) {
      log::info("health check is well again", {{"check", name_}});
    } else {
      log::warning("health check failed", {{"check", name_}, {"reason", detail}});
    }
  }

  const std::string name_;
  const bool required_;
  const std::chrono::milliseconds limit_;
  const Check check_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  bool isRequested_ = false;
  bool running_ = false;
  bool toldHealthy_ = true;
  std::uint64_t finished_ = 0;
  CheckResult result_;
  std::int64_t latencyMicros_ = 0;
  Clock::time_point startedAt_;
  Clock::time_point finishedAt_;
  std::mutex joining_;
  std::thread thread_;
};

Health::Health(std::chrono::milliseconds cacheFor, Registry* metrics) : cacheFor_(cacheFor), metrics_(metrics) {}
Health::~Health() = default;

void Health::reserve(std::string name) {
  const std::lock_guard lock(mutex_);
  reserved_.insert(std::move(name));
}

bool Health::add(const std::string& name, bool required, std::chrono::milliseconds limit, Check check) {
  const std::lock_guard lock(mutex_);
  const bool taken =
      std::any_of(runners_.begin(), runners_.end(), [&](const auto& one) { return one->name() == name; });
  if (taken || reserved_.contains(name)) return false;
  const auto runner = std::make_shared<Runner>(name, required, limit, std::move(check));
  runners_.push_back(runner);
  if (metrics_ == nullptr) return true;
  metrics_->gaugeFrom("mortise_health_check", "1 when the check is healthy, 0 when it is not", {{"name", name}},
                      [weak = std::weak_ptr(runner), cacheFor = cacheFor_] {
                        const auto alive = weak.lock();
                        if (!alive) return std::numeric_limits<double>::quiet_NaN();
                        alive->request(cacheFor);
                        return alive->standing();
                      });
  return true;
}

void Health::remove(std::string_view name) {
  std::shared_ptr<Runner> gone;
  {
    const std::lock_guard lock(mutex_);
    const auto entry =
        std::find_if(runners_.begin(), runners_.end(), [&](const auto& one) { return one->name() == name; });
    if (entry == runners_.end()) return;
    gone = *entry;
    runners_.erase(entry);
  }
  gone->end();
}

HealthReport Health::run() {
  std::vector<std::shared_ptr<Runner>> runners;
  {
    const std::lock_guard lock(mutex_);
    runners = runners_;
  }
  const auto start = Clock::now();
  std::vector<std::uint64_t> goals;
  goals.reserve(runners.size());
  for (const auto& runner : runners) goals.push_back(runner->request(cacheFor_));
  HealthReport report;
  for (std::size_t i = 0; i < runners.size(); ++i) {
    auto one = runners[i]->await(goals[i], start);
    if (!one) continue;
    if (!one->healthy) {
      report.degraded = true;
      if (one->required) report.ready = false;
    }
    report.checks.push_back(*std::move(one));
  }
  return report;
}

}  // namespace mortise::ops
