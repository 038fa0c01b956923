// Sessions of work on many targets, that people can watch and stop: sync.sessions/1, offered by the module sync.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mortise/abi/sync_sessions.h"
#include "mortise/host.hpp"
#include "mortise/jobs.hpp"
#include "mortise/json.hpp"
#include "mortise/problem.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

struct NewSyncSession {
  std::string type;            // manual_single, manual_batch, manual_task, scheduled_task
  std::string category{};      // account, capacity, config, aggregation, other; empty: account
  std::int64_t createdBy = 0;  // number of the user who asked for it (Principal::userNumber); 0: nobody, the clock
};

struct SyncTarget {
  std::int64_t instanceId = 0;  // the caller's number for it, 1 or more
  std::string name{};           // at most 255 bytes
};

struct SyncCounters {
  std::int64_t synced = 0;  // items looked at or brought over
  std::int64_t created = 0;
  std::int64_t updated = 0;
  std::int64_t deleted = 0;
};

struct SyncState {
  std::string status;  // running, completed, failed, cancelled
  std::int64_t total = 0;
  std::int64_t successful = 0;
  std::int64_t failed = 0;
};

// One session, by the one who works on it. Move-only; destroyed while running (an exception passed by), it is finished
// as failed. Every function but cancelled(): [worker] [start]; failures throw Problem: 404 (no such session or record),
// 422 (a value that breaks a rule; the note says which), 503, 507.
class SyncSession {
 public:
  SyncSession(const mortise_sync_sessions_v1* table, std::string id) noexcept : table_(table), id_(std::move(id)) {}
  SyncSession(SyncSession&& other) noexcept : table_(std::exchange(other.table_, nullptr)), id_(std::move(other.id_)) {}
  SyncSession& operator=(SyncSession&& other) noexcept {
    std::swap(table_, other.table_);
    std::swap(id_, other.id_);
    return *this;
  }
  SyncSession(const SyncSession&) = delete;
  SyncSession& operator=(const SyncSession&) = delete;
  ~SyncSession() {
    // Not to be reached means that the database is; the session is then closed once this server is gone.
    if (table_ != nullptr) table_->finish(table_->context, detail::str(id_), detail::str("abandoned"), nullptr);
  }

  const std::string& id() const noexcept { return id_; }

  // Adds one record per target, in this order, at most 100,000 at once; returns their ids. Add all before the first
  // outcome: a session whose targets all have one has ended. Throws Problem 409 when it has ended.
  std::vector<std::int64_t> addTargets(const std::vector<SyncTarget>& targets) const {
    std::vector<mortise_sync_target> c;
    c.reserve(targets.size());
    for (const auto& target : targets) c.push_back({target.instanceId, detail::str(target.name)});
    std::vector<std::int64_t> ids(targets.size());
    auto error = detail::noError();
    check(table_->add_targets(table_->context, detail::str(id_), c.data(), c.size(), ids.data(), &error), error);
    return ids;
  }
  // False: the session has ended (cancelled, mostly); leave this target and all others alone.
  [[nodiscard]] bool start(std::int64_t record) const {
    auto error = detail::noError();
    return openOr(table_->start(table_->context, record, &error), error);
  }
  // Counters so far, of a target that was started.
  void progress(std::int64_t record, const SyncCounters& counters) const {
    const auto c = toC(counters);
    auto error = detail::noError();
    check(table_->progress(table_->context, record, &c, &error), error);
  }
  // The outcome of one target; a second one replaces the first. `details`: a JSON object with "version": 1, at most
  // 64 KiB, or empty text.
  void complete(std::int64_t record, const SyncCounters& counters, std::string_view details = {}) const {
    const auto c = toC(counters);
    auto error = detail::noError();
    check(table_->complete(table_->context, record, &c, detail::str(details), &error), error);
  }
  // `message` is shown to people: no secrets.
  void fail(std::int64_t record, std::string_view message, std::string_view details = {}) const {
    auto error = detail::noError();
    check(table_->fail(table_->context, record, detail::str(message), detail::str(details), &error), error);
  }
  // An error that belongs to no target. It counts as failed; the session goes on.
  void logError(std::string_view message, std::string_view details = {}) const {
    auto error = detail::noError();
    check(table_->log_error(table_->context, detail::str(id_), detail::str(message), detail::str(details), &error),
          error);
  }
  // [any] but [loop]. True: stop now. Costs no query: at most a second old.
  bool cancelled() const noexcept { return table_->cancelled(table_->context, detail::str(id_)) != 0; }
  // Ends the session, if it has not ended: failed when there was an error, when a target has no outcome, or with a
  // `reason`; else completed. The last call.
  void finish(std::string_view reason = {}) {
    auto error = detail::noError();
    openOr(table_->finish(table_->context, detail::str(id_), detail::str(reason), &error), error);
    table_ = nullptr;
  }

 private:
  static mortise_sync_counters toC(const SyncCounters& counters) noexcept {
    return {sizeof(mortise_sync_counters), counters.synced, counters.created, counters.updated, counters.deleted};
  }
  static void check(mortise_status status, const mortise_error& error) {
    if (status == MORTISE_CLOSED) throw Problem(409, "sync_session_ended").note(error.text);
    if (status != MORTISE_OK) throw detail::problemFrom(status, error, MORTISE_SYNC_SESSIONS_V1);
  }
  static bool openOr(mortise_status status, const mortise_error& error) {
    if (status == MORTISE_CLOSED) return false;
    check(status, error);
    return true;
  }

  friend class SyncSessions;
  const mortise_sync_sessions_v1* table_;
  std::string id_;
};

// Take it in start(), not in the constructor:
//   sessions_ = host_.optional<mortise::SyncSessions>();     with sync.sessions/1 under optional in module.yaml
class SyncSessions {
 public:
  using Table = mortise_sync_sessions_v1;
  static constexpr const char* kInterface = MORTISE_SYNC_SESSIONS_V1;
  SyncSessions(mortise_host*, const Table* table) noexcept : table_(table) {}

  [[nodiscard]] SyncSession open(const NewSyncSession& session) const {
    mortise_sync_session c{};
    c.struct_size = sizeof c;
    c.type = detail::str(session.type);
    c.category = detail::str(session.category);
    c.created_by = session.createdBy;
    char id[37] = {};
    auto error = detail::noError();
    SyncSession::check(table_->open(table_->context, &c, id, &error), error);
    return SyncSession(table_, id);
  }
  // What a job that cleans up reports when it had something to do: a session of one target, of which so many items are
  // gone. Since SDK 1.1 JobRun::report() does it without this module.
  void reportCleaning(const JobRun& run, std::string target, std::int64_t deleted) const {
    auto session = open({run.triggered() ? "manual_task" : "scheduled_task", "other", run.createdBy()});
    const auto record = session.addTargets({{1, std::move(target)}}).front();
    SyncCounters counters;
    counters.deleted = deleted;
    session.complete(record, counters);
    session.finish();
  }
  // False when it had ended before. Throws Problem 404 for an unknown one.
  bool cancel(std::string_view session_id) const {
    auto error = detail::noError();
    return SyncSession::openOr(table_->cancel(table_->context, detail::str(session_id), &error), error);
  }
  SyncState read(std::string_view session_id) const {
    mortise_sync_state c{};
    c.struct_size = sizeof c;
    auto error = detail::noError();
    SyncSession::check(table_->read(table_->context, detail::str(session_id), &c, &error), error);
    return {c.status, c.total, c.successful, c.failed};
  }

 private:
  const Table* table_;
};

}  // namespace mortise::inline sdk1
