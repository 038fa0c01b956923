// Counters, gauges and histograms, shown at /metrics: metrics/1.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "mortise/abi/metrics.h"
#include "mortise/host.hpp"
#include "mortise/problem.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

// Handles: pairs of pointers, good as long as the module. Using one is an atomic operation. [any], also [loop]
class Counter {
 public:
  Counter(const mortise_metrics_v1* table, mortise_counter* counter) noexcept : table_(table), counter_(counter) {}
  void add(std::uint64_t by = 1) const noexcept { table_->add(counter_, by); }

 private:
  const mortise_metrics_v1* table_;
  mortise_counter* counter_;
};

class Gauge {
 public:
  Gauge(const mortise_metrics_v1* table, mortise_gauge* gauge) noexcept : table_(table), gauge_(gauge) {}
  void set(std::int64_t value) const noexcept { table_->set(gauge_, value); }
  void add(std::int64_t by = 1) const noexcept { table_->change(gauge_, by); }
  void subtract(std::int64_t by = 1) const noexcept { table_->change(gauge_, -by); }

 private:
  const mortise_metrics_v1* table_;
  mortise_gauge* gauge_;
};

class Histogram {
 public:
  Histogram(const mortise_metrics_v1* table, mortise_histogram* histogram) noexcept
      : table_(table), histogram_(histogram) {}
  void observe(double value) const noexcept { table_->observe(histogram_, value); }

 private:
  const mortise_metrics_v1* table_;
  mortise_histogram* histogram_;
};

// Makes handles: do it once, in the constructor or start(). The kernel puts "mortise_<module>_" before every name. Few
// label values only: never a user or an id. A name or label that Prometheus does not allow, or used before as another
// kind, throws std::logic_error. [any]
class Metrics {
 public:
  using Table = mortise_metrics_v1;
  static constexpr const char* kInterface = MORTISE_METRICS_V1;
  Metrics(mortise_host* host, const Table* table) noexcept : host_(host), table_(table) {}

  Counter counter(std::string_view name, std::string_view help, const Params& labels = {}) const {
    const auto pairs = detail::pairs(labels);
    mortise_counter* handle = nullptr;
    auto error = detail::noError();
    check(table_->counter(host_, detail::str(name), detail::str(help), pairs.data(), pairs.size(), &handle, &error),
          error);
    return {table_, handle};
  }
  Gauge gauge(std::string_view name, std::string_view help, const Params& labels = {}) const {
    const auto pairs = detail::pairs(labels);
    mortise_gauge* handle = nullptr;
    auto error = detail::noError();
    check(table_->gauge(host_, detail::str(name), detail::str(help), pairs.data(), pairs.size(), &handle, &error),
          error);
    return {table_, handle};
  }
  // `bounds`: upper bounds, ascending; empty: 5 ms to 10 s, for durations in seconds.
  Histogram histogram(std::string_view name, std::string_view help, const Params& labels = {},
                      const std::vector<double>& bounds = {}) const {
    const auto pairs = detail::pairs(labels);
    mortise_histogram* handle = nullptr;
    auto error = detail::noError();
    check(table_->histogram(host_, detail::str(name), detail::str(help), pairs.data(), pairs.size(),
                            bounds.empty() ? nullptr : bounds.data(), bounds.size(), &handle, &error),
          error);
    return {table_, handle};
  }

 private:
  static void check(mortise_status status, const mortise_error& error) {
    if (status != MORTISE_OK) throw std::logic_error("metrics/1: " + std::string(error.text));
  }

  mortise_host* host_;
  const Table* table_;
};

inline Metrics Host::metrics() const { return need<Metrics>(); }

}  // namespace mortise::inline sdk1
