// Counters, gauges and histograms, rendered in Prometheus text format 0.0.4. Look a handle up once and keep it: its
// calls are one relaxed atomic operation. Handles live as long as their Registry.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mortise::ops {

using Labels = std::vector<std::pair<std::string, std::string>>;

class Counter {
 public:
  void add(std::uint64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge {
 public:
  void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void add(std::int64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
  void subtract(std::int64_t by = 1) { value_.fetch_sub(by, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

class Histogram {
 public:
  explicit Histogram(std::vector<double> upperBounds);
  void observe(double value);

 private:
  friend class Registry;
  std::vector<double> bounds_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> counts_;  // per bucket, not cumulative; one more than bounds for +Inf
  std::atomic<double> sum_{0};
};

// Seconds, for request durations.
const std::vector<double>& durationBuckets();

class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // The same name and labels give the same handle. Throws std::logic_error for a name that Prometheus does not allow
  // and for one already used with another kind (or, for histograms, other bounds). Any thread.
  Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, const std::vector<double>& upperBounds,
                       const Labels& labels = {});
  // `read` is called at each rendering; it must be quick and must not use this Registry. A second gauge of the same
  // name and labels replaces the first.
  void gaugeFrom(std::string_view name, std::string_view help, const Labels& labels, std::function<double()> read);

  // The whole page: Content-Type "text/plain; version=0.0.4; charset=utf-8".
  std::string render() const;

 private:
  struct Series;
  struct Family;
  Series& series(std::string_view name, std::string_view help, char kind, const Labels& labels);

  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Family>, std::less<>> families_;
};

}  // namespace mortise::ops
