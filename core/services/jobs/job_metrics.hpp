// The counters of the job engine, for /metrics.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/ops/metrics.hpp"

namespace mortise::services {

class JobMetrics {
 public:
  // Counts into its own registry when `registry` is null.
  explicit JobMetrics(ops::Registry* registry);

  ops::Registry& registry() { return *registry_; }
  void due() { due_->add(); }
  void started(bool manual) { (manual ? startedByHand_ : startedByClock_)->add(); }
  void skipped(bool overlap, std::uint64_t times = 1) { (overlap ? overlap_ : misfire_)->add(times); }
  void ended(std::string_view outcome);
  void lateness(std::int64_t micros) { lateness_->observe(static_cast<double>(micros) / 1e6); }

 private:
  std::unique_ptr<ops::Registry> own_;
  ops::Registry* registry_;
  ops::Counter* due_;
  ops::Counter* startedByClock_;
  ops::Counter* startedByHand_;
  ops::Counter* overlap_;
  ops::Counter* misfire_;
  ops::Histogram* lateness_;
};

}  // namespace mortise::services
