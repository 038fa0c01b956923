// metrics/1 over ops::Registry; handles are its own.
#include <stdexcept>
#include <vector>

#include "core/ops/metrics.hpp"
#include "core/plugin/host_guard.hpp"
#include "core/plugin/host_tables.hpp"
#include "mortise/abi/metrics.h"

namespace mortise::plugin {
namespace {

template <typename Make>
mortise_status make(mortise_host* raw, mortise_str name, const mortise_pair* labels, std::size_t count,
                    const char* function, mortise_error* error, Make makeHandle) {
  return anywhere<&HostServices::metrics>(raw, function, error, [&](Host& host, ops::Registry& registry) {
    if (count > 0 && labels == nullptr)
      return answer(error, MORTISE_INVALID, "labels", "labels is null, labels_count is not 0");
    ops::Labels all;
    for (std::size_t i = 0; i < count; ++i) all.emplace_back(copy(labels[i].name), copy(labels[i].value));
    try {
      makeHandle(registry, "mortise_" + host.moduleName() + "_" + copy(name), all);
      return MORTISE_OK;
    } catch (const std::logic_error& broken) {
      return answer(error, MORTISE_INVALID, "bad_metric", broken.what());
    }
  });
}

extern "C" {

mortise_status metricsCounter(mortise_host* host, mortise_str name, mortise_str help, const mortise_pair* labels,
                              size_t count, mortise_counter** counter, mortise_error* error) {
  if (counter == nullptr) return answer(error, MORTISE_INVALID, "null", "counter is null");
  *counter = nullptr;
  return make(host, name, labels, count, "metrics/1 counter", error,
              [&](ops::Registry& registry, const std::string& full, const ops::Labels& all) {
                *counter = reinterpret_cast<mortise_counter*>(&registry.counter(full, view(help), all));
              });
}

mortise_status metricsGauge(mortise_host* host, mortise_str name, mortise_str help, const mortise_pair* labels,
                            size_t count, mortise_gauge** gauge, mortise_error* error) {
  if (gauge == nullptr) return answer(error, MORTISE_INVALID, "null", "gauge is null");
  *gauge = nullptr;
  return make(host, name, labels, count, "metrics/1 gauge", error,
              [&](ops::Registry& registry, const std::string& full, const ops::Labels& all) {
                *gauge = reinterpret_cast<mortise_gauge*>(&registry.gauge(full, view(help), all));
              });
}

mortise_status metricsHistogram(mortise_host* host, mortise_str name, mortise_str help, const mortise_pair* labels,
                                size_t count, const double* bounds, size_t boundsCount, mortise_histogram** histogram,
                                mortise_error* error) {
  if (histogram == nullptr) return answer(error, MORTISE_INVALID, "null", "histogram is null");
  *histogram = nullptr;
  return make(host, name, labels, count, "metrics/1 histogram", error,
              [&](ops::Registry& registry, const std::string& full, const ops::Labels& all) {
                const auto upper =
                    bounds == nullptr ? ops::durationBuckets() : std::vector<double>(bounds, bounds + boundsCount);
                *histogram = reinterpret_cast<mortise_histogram*>(&registry.histogram(full, view(help), upper, all));
              });
}

void metricsAdd(mortise_counter* counter, uint64_t by) {
  if (counter != nullptr) reinterpret_cast<ops::Counter*>(counter)->add(by);
}

void metricsSet(mortise_gauge* gauge, int64_t value) {
  if (gauge != nullptr) reinterpret_cast<ops::Gauge*>(gauge)->set(value);
}

void metricsChange(mortise_gauge* gauge, int64_t by) {
  if (gauge != nullptr) reinterpret_cast<ops::Gauge*>(gauge)->add(by);
}

void metricsObserve(mortise_histogram* histogram, double value) {
  if (histogram != nullptr) reinterpret_cast<ops::Histogram*>(histogram)->observe(value);
}

}  // extern "C"

const mortise_metrics_v1 kTable = {sizeof(mortise_metrics_v1),
                                   &metricsCounter,
                                   &metricsGauge,
                                   &metricsHistogram,
                                   &metricsAdd,
                                   &metricsSet,
                                   &metricsChange,
                                   &metricsObserve};

}  // namespace

template <>
ServedInterface serve<mortise_metrics_v1>(std::string_view name) {
  return {name, &kTable, &with<&HostServices::metrics>};
}

}  // namespace mortise::plugin
