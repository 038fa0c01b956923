// How installations over HTTP end.
#pragma once

#include <mortise/metrics.hpp>

namespace skills {

struct InstallMetrics {
  explicit InstallMetrics(const mortise::Metrics& metrics)
      : installed(of(metrics, "installed")),
        updated(of(metrics, "updated")),
        refused(of(metrics, "refused")),
        failed(of(metrics, "failed")) {}

  mortise::Counter installed;
  mortise::Counter updated;
  mortise::Counter refused;  // 4xx
  mortise::Counter failed;

 private:
  static mortise::Counter of(const mortise::Metrics& metrics, const char* outcome) {
    return metrics.counter("installs_total", "Installations of skills", {{"outcome", outcome}});
  }
};

}  // namespace skills
