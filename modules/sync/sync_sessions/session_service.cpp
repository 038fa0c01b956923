#include "sync_sessions/session_service.hpp"

#include <mortise/config.hpp>
#include <mortise/time.hpp>

#include <exception>
#include <utility>

#include "sync_sessions/rules.hpp"
#include "sync_sessions/session_rows.hpp"

namespace sync_sessions {
namespace {

constexpr std::chrono::seconds kBeat{5};
constexpr std::chrono::hours kServerRetention{24};
constexpr std::string_view kDied = "the server that worked on it ended";
constexpr std::string_view kStopped = "the server was stopped";
constexpr std::string_view kRunLost = "the end of its run was never reported";

std::map<std::string, mortise::Counter, std::less<>> countersByStatus(const mortise::Metrics& metrics) {
  std::map<std::string, mortise::Counter, std::less<>> counters;
  for (const char* status : {"completed", "failed", "cancelled"}) {
    counters.emplace(status, metrics.counter("sessions_ended_total", "Sessions that ended", {{"status", status}}));
  }
  return counters;
}

mortise::Counter targetsCounter(const mortise::Metrics& metrics, const char* outcome) {
  return metrics.counter("targets_total", "Outcomes reported for targets", {{"outcome", outcome}});
}

}  // namespace

SessionService::SessionService(mortise::Host host)
    : Serving(host.log(), "a session can't be written", MORTISE_CLOSED),
      log_(host.log()),
      store_(host.db()),
      servers_(host.db()),
      cancellations_(store_, log_, host.optional<mortise::Events>()),
      deadAfter_(host.config().duration("dead_after")),
      retention_(host.config().duration("retention")),
      opened_(host.metrics().counter("sessions_opened_total", "Sessions opened")),
      endedBy_(countersByStatus(host.metrics())),
      completedTargets_(targetsCounter(host.metrics(), "completed")),
      failedTargets_(targetsCounter(host.metrics(), "failed")),
      runs_(host, log_, [this](const auto& change) { runChanged(change); }) {}

void SessionService::begin() {
  runs_.start();
  closeAbandoned();
  cancellations_.start();
  beats_ = std::thread([this] { beatWhileWorking(); });
}

void SessionService::end() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (beats_.joinable()) beats_.join();
  cancellations_.stop();
  runs_.stop();
  for (const auto& session : store_.runningOf(servers_.self())) abandon(session, kStopped);
}

void SessionService::beatWhileWorking() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (!beating_) {
      wake_.wait(lock, [this] { return stopping_ || beating_; });
      continue;
    }
    if (wake_.wait_for(lock, kBeat, [this] { return stopping_; })) return;
    beating_ = false;  // an open() from here on sets it again
    lock.unlock();
    bool working = true;
    try {
      working = !store_.runningOf(servers_.self()).empty();
      if (working) servers_.beat(mortise::now());
      cancellations_.removeOld();
    } catch (const std::exception& error) {
      log_.warning("can't record that this server lives", {{"error", error.what()}});
    }
    lock.lock();
    beating_ = beating_ || working;
  }
}

mortise::FixedText<37> SessionService::open(const SessionRequest& request) {
  checkType(request.type);
  SessionStore::NewSession session;
  session.type = request.type;
  session.category = categoryFrom(request.category);
  if (request.createdBy != 0) session.createdBy = request.createdBy;
  session.serverId = servers_.self();
  const auto now = mortise::now();
  servers_.beat(now);
  auto id = store_.open(session, now);
  {
    const std::lock_guard lock(mutex_);
    beating_ = true;
  }
  wake_.notify_all();
  opened_.add();
  log_.info("session opened", {{"session", id}, {"type", session.type}, {"category", session.category}});
  return {std::move(id)};
}

std::vector<std::int64_t> SessionService::addTargets(std::string_view sessionId, const std::vector<Target>& targets) {
  checkTargets(targets);
  return store_.addTargets(sessionId, targets, mortise::now());
}

void SessionService::start(std::int64_t recordId) { store_.start(recordId, mortise::now()); }

void SessionService::progress(std::int64_t recordId, const Counters& counters) {
  checkCounters(counters);
  store_.progress(recordId, counters);
}

void SessionService::complete(std::int64_t recordId, const Counters& counters, std::string_view details) {
  checkCounters(counters);
  checkDetails(details);
  const auto outcome = store_.complete(recordId, counters, details, mortise::now());
  completedTargets_.add();
  ended(outcome);
}

void SessionService::fail(std::int64_t recordId, std::string_view message, std::string_view details) {
  checkDetails(details);
  const auto outcome = store_.fail(recordId, messageFrom(message), details, mortise::now());
  failedTargets_.add();
  ended(outcome);
}

void SessionService::logError(std::string_view sessionId, std::string_view message, std::string_view details) {
  checkDetails(details);
  store_.logError(sessionId, messageFrom(message), details, mortise::now());
}

void SessionService::finish(std::string_view sessionId, std::string_view reason) {
  const auto message = reason.empty() ? std::string() : messageFrom(reason);
  const auto outcome = store_.finish(sessionId, message, mortise::now());
  if (!outcome) throw sessionEnded();
  ended(outcome);
}

void SessionService::cancel(std::string_view sessionId) {
  if (cancelRunning(sessionId)) return;
  read(sessionId);  // unknown is another answer than ended
  throw sessionEnded();
}

bool SessionService::cancelFor(std::string_view sessionId, std::string_view userId) {
  if (!cancelRunning(sessionId)) return false;
  log_.info("session cancelled", {{"session", sessionId}, {"by", userId}});
  return true;
}

bool SessionService::cancelRunning(std::string_view sessionId) {
  const auto outcome = store_.cancel(sessionId, mortise::now());
  if (!outcome) return false;
  if (outcome->runId) runs_.cancel(*outcome->runId);
  cancellations_.announce(sessionId);
  ended(outcome);
  return true;
}

bool SessionService::cancelled(std::string_view sessionId) { return cancellations_.cancelled(sessionId); }

Session SessionService::read(std::string_view sessionId) {
  auto session = store_.find(sessionId);
  if (!session) throw sessionNotFound();
  return *std::move(session);
}

void SessionService::ended(const SessionStore::Ended& outcome) {
  if (!outcome) return;
  endedBy_.at(outcome->status).add();
  log_.info("session ended", {{"session", outcome->sessionId}, {"status", outcome->status}});
}

void SessionService::runChanged(const RunSessionStore::Change& change) {
  if (change.isNew) {
    opened_.add();
    log_.info("session opened for a run of a job", {{"session", change.sessionId}});
  }
  completedTargets_.add(static_cast<std::uint64_t>(change.completed));
  failedTargets_.add(static_cast<std::uint64_t>(change.failed));
  ended(change.ended);
}

void SessionService::abandon(std::string_view sessionId, std::string_view reason) {
  const auto outcome = store_.abandon(sessionId, reason, mortise::now());
  if (!outcome) return;  // it ended meanwhile
  endedBy_.at(outcome->status).add();
  log_.warning("session closed as failed", {{"session", sessionId}, {"reason", reason}});
}

std::int64_t SessionService::closeAbandoned() {
  runs_.catchUp({});
  const auto now = mortise::now();
  std::map<std::string, bool, std::less<>> gone;
  std::int64_t closed = 0;
  for (const auto& [session, server] : store_.runningElsewhere(servers_.self())) {
    const auto [at, isNew] = gone.try_emplace(server, false);
    if (isNew) at->second = servers_.isGone(server, deadAfter_, now);
    if (!at->second) continue;
    abandon(session, kDied);
    ++closed;
  }
  // The record of a run goes, too, in the end: after so long its session can't wait for it.
  for (const auto& session : store_.silentRuns(now - retention_)) {
    abandon(session, kRunLost);
    ++closed;
  }
  return closed;
}

std::int64_t SessionService::purge() {
  const auto now = mortise::now();
  servers_.removeOld(now - kServerRetention);
  return store_.purge(now - retention_);
}

}  // namespace sync_sessions
