// log/1 and metrics/1 that remember, for tests of what logs and counts.
#pragma once

#include <mortise/log.hpp>
#include <mortise/metrics.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace skills {

struct RememberingHost {
  static inline std::vector<std::string> lines;
  static inline std::map<std::string, std::int64_t> gauges;

  static mortise_status gauge(mortise_host*, mortise_str name, mortise_str, const mortise_pair*, std::size_t,
                              mortise_gauge** handle, mortise_error*) {
    const auto [found, fresh] = gauges.try_emplace(mortise::detail::copied(name), 0);
    *handle = reinterpret_cast<mortise_gauge*>(&found->second);
    return MORTISE_OK;
  }
  static void set(mortise_gauge* gauge, std::int64_t value) { *reinterpret_cast<std::int64_t*>(gauge) = value; }
  static void write(mortise_host*, mortise_log_level, mortise_str message, const mortise_pair* fields, std::size_t) {
    lines.push_back(mortise::detail::copied(message) + " " + mortise::detail::copied(fields[0].value));
  }
  static std::int32_t enabled(mortise_host*, mortise_log_level) { return 1; }
  static mortise::Log log() {
    static const mortise_log_v1 table = {sizeof(mortise_log_v1), &write, &enabled};
    return {nullptr, &table};
  }
  static mortise::Metrics metrics() {
    static const mortise_metrics_v1 table = {
        sizeof(mortise_metrics_v1), nullptr, &gauge, nullptr, nullptr, &set, nullptr, nullptr};
    return {nullptr, &table};
  }
};

}  // namespace skills
