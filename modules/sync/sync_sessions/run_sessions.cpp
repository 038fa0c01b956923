#include "sync_sessions/run_sessions.hpp"

#include <mortise/time.hpp>

#include <exception>
#include <utility>

namespace sync_sessions {
namespace {

constexpr const char* kReported = "kernel.jobs.reported";

}  // namespace

RunSessions::RunSessions(mortise::Host host, mortise::Log log,
                         std::function<void(const RunSessionStore::Change&)> changed)
    : scheduler_(host.scheduler()),
      events_(host.optional<mortise::Events>()),
      log_(log),
      store_(host.db()),
      changed_(std::move(changed)) {}

void RunSessions::start() {
  revision_ = store_.revision();
  if (events_) subscription_ = events_->subscribe(kReported, [this](const mortise::Event&) { tryToCatchUp({}); });
}

void RunSessions::stop() noexcept {
  subscription_.end();
  tryToCatchUp({});
}

void RunSessions::catchUp(const std::function<bool()>& enough) {
  for (auto revision = revision_.load(); !enough || !enough();) {
    const auto runs = scheduler_.reports(revision, RunSessionStore::kMaxTargets);
    if (runs.empty()) return;
    for (const auto& run : runs) {
      if (const auto change = store_.take(run, mortise::now())) {
        // Also when the cancel could not reach the run.
        if (change->goesOnCancelled) cancel(run.run.id);
        changed_(*change);
      }
      revision = run.revision;
    }
    for (auto known = revision_.load(); known < revision && !revision_.compare_exchange_weak(known, revision);) {
    }
  }
}

void RunSessions::tryToCatchUp(const std::function<bool()>& enough) noexcept {
  try {
    catchUp(enough);
  } catch (const std::exception& error) {
    log_.warning("what runs of jobs reported can't be shown yet", {{"reason", error.what()}});
  }
}

void RunSessions::cancel(const std::string& runId) const noexcept {
  try {
    if (!scheduler_.cancelRun(runId)) log_.info("the run of a cancelled session had ended", {{"run", runId}});
  } catch (const std::exception& error) {
    log_.warning("the run of a cancelled session can't be stopped", {{"run", runId}, {"reason", error.what()}});
  }
}

}  // namespace sync_sessions
