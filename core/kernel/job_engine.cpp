#include "core/kernel/job_engine.hpp"

#include <chrono>
#include <utility>

#include "core/ops/log.hpp"
#include "core/services/jobs/time_zone.hpp"

namespace mortise::kernel {
namespace {

// The event by which servers notify each other of a changed job.
constexpr const char* kJobsChanged = "kernel.jobs.changed";
// A hint for modules: what runs report was stored (mortise/abi/scheduler.h).
constexpr const char* kJobsReported = "kernel.jobs.reported";

services::JobsOptions jobsOptions(const config::Config& config, const db::Database& database, services::Events& events,
                                  ops::Registry& metrics, const std::string& node, const std::string& boot) {
  services::JobsOptions options;
  options.node = node;
  options.boot = boot;
  // By the data lock, only one server uses an SQLite database.
  options.shared = database.backend() == db::Backend::postgresql;
  options.lease = std::chrono::milliseconds(config.integer("jobs.lease"));
  options.workers = static_cast<std::size_t>(config.integer("jobs.workers"));
  options.timezone = config.text("jobs.timezone");
  if (!services::TimeZone::find(options.timezone)) {
    log::warning("the system has no time zone data, so triggers count in UTC; install it (Debian: tzdata)",
                 {{"jobs.timezone", options.timezone}});
    options.timezone = "UTC";
  }
  options.metrics = &metrics;
  options.changed = [&events, node] { events.publish(kJobsChanged, node); };
  options.reported = [&events, node] { events.publish(kJobsReported, node); };
  return options;
}

}  // namespace

JobEngine::JobEngine(const config::Config& config, db::Database& database, services::Events& events,
                     ops::Registry& metrics, const std::string& node, const std::string& boot)
    : events_(events),
      jobs_(database, jobsOptions(config, database, events, metrics, node, boot)),
      changes_(events.subscribe(kJobsChanged, [this, node](const services::Event& event) {
        if (event.payload != node) jobs_.noticeChanges();
      })) {}

JobEngine::~JobEngine() { events_.unsubscribe(changes_); }

}  // namespace mortise::kernel
