// Creates the job engine from the configuration and connects it to those of the other servers: a change here is an
// event there.
#pragma once

#include <cstdint>
#include <string>

#include "core/config/config.hpp"
#include "core/db/database.hpp"
#include "core/ops/metrics.hpp"
#include "core/services/events/events.hpp"
#include "core/services/jobs/jobs.hpp"

namespace mortise::kernel {

class JobEngine {
 public:
  // `node`: this server among those that share the database; `boot`: this start of it. The arguments must outlive it.
  JobEngine(const config::Config& config, db::Database& database, services::Events& events, ops::Registry& metrics,
            const std::string& node, const std::string& boot);
  ~JobEngine();
  JobEngine(const JobEngine&) = delete;
  JobEngine& operator=(const JobEngine&) = delete;

  services::Jobs& jobs() { return jobs_; }

 private:
  services::Events& events_;
  services::Jobs jobs_;
  std::uint64_t changes_;  // the subscription
};

}  // namespace mortise::kernel
