// The tables of the job engine: jobs, runs, the lease. SQL only; the engine gives it its meaning.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/db/database.hpp"
#include "core/services/jobs/job_report.hpp"
#include "core/services/jobs/job_rules.hpp"
#include "core/services/jobs/trigger.hpp"
#include "core/services/jobs/trigger_cache.hpp"

namespace mortise::services {

struct StoredJob {
  std::string id;  // "module.job"
  std::string module;
  std::string job;
  bool declared = false;  // by a module.yaml or the kernel
  std::string name;
  std::string description;
  Trigger trigger;
  // Text and zone as declared: a different trigger was set by an operator.
  std::string declaredTrigger;
  std::string declaredZone;
  std::string payload;
  JobRules rules;
  bool paused = false;
  bool removed = false;  // declared, but an operator removed it
  std::optional<std::int64_t> nextRun;
  std::int64_t lastRun = 0;
  std::int64_t revision = 0;
  std::int64_t running = 0;  // current runs on all servers
};

struct StoredRun {
  std::string id;
  std::string jobId;
  std::string outcome;
  std::string error;
  std::string output;
  std::string node;
  std::string boot;
  std::int64_t epoch = 0;
  std::int64_t dueAt = 0;
  std::int64_t startedAt = 0;
  std::int64_t endedAt = 0;  // 0: still running
  bool manual = false;
  std::int64_t createdBy = 0;
  std::int64_t percent = -1;
  std::string progress;
  // Grows with each change of a run that has reports, in the order of the commits; 0: it has none.
  std::int64_t reportRevision = 0;
};

// The server that starts scheduled runs.
struct StoredRunner {
  std::string node;  // empty: none
  std::int64_t epoch = 0;
  std::int64_t beat = 0;
};

struct StoredNode {
  std::string node;
  std::string boot;
  std::int64_t beat = 0;
};

// One due time: the job is advanced past it and, with a run, started.
struct Claim {
  std::string jobId;
  std::int64_t due = 0;  // next_run when it was read
  std::optional<std::int64_t> next;
  std::optional<StoredRun> run;
  bool wantsPayload = false;
  std::string payload;   // out
  bool claimed = false;  // out
};

// The changes at the end of a run.
struct RunEnd {
  std::string id;
  std::string jobId;
  std::string outcome;
  std::string error;
  std::string output;
  std::int64_t startedAt = 0;
  std::int64_t endedAt = 0;
  std::int64_t percent = -1;
  std::string progress;
  bool removesJob = false;  // a job created at run time that runs once
  bool hasReported = false;
  std::vector<JobReport> reports;  // that are not stored yet
};

// What a run that goes on has reported since it was asked last.
struct RunReports {
  std::string runId;
  std::vector<JobReport> reports;
};

// Changes of one run that come one after the other: reports of targets, the run itself, or both. Each of them has the
// next revision, over all runs: reports first, then their run.
struct ReportedRun {
  StoredRun run;                   // as it stands
  std::int64_t revision = 0;       // of the last change in here
  std::vector<JobReport> reports;  // by revision
  // Whether no later change of the run was stored: all its targets were told up to here.
  bool isLatest() const { return revision == run.reportRevision; }
};

// Runs of a server that were closed because it is gone.
struct LostRuns {
  std::int64_t runs = 0;
  std::int64_t reported = 0;  // of them, those that have reports
};

// Thread-safe like db::Database; every function may throw db::Error.
class JobStore {
 public:
  explicit JobStore(db::Database& database) : database_(database) {}
  static std::string_view migrationSql();
  static std::string_view reportsMigrationSql();
  static std::string_view listsMigrationSql();

  db::Database& database() { return database_; }
  TriggerCache& triggers() { return triggers_; }
  // Serializes changes of jobs, so that revisions become visible in their order. Returns the transaction's revision.
  static std::int64_t beginChange(db::Connection& connection);
  // For a change: no other change and no claim touches the job until the transaction ends.
  static std::optional<StoredJob> findToChange(db::Connection& connection, std::string_view id, std::int64_t revision);
  static void insert(db::Connection& connection, const StoredJob& job);
  static void update(db::Connection& connection, const StoredJob& job);  // all but last_run
  static void erase(db::Connection& connection, std::string_view id);
  // Their ids by next run, those without one last.
  static std::vector<std::string> eraseAll(db::Connection& connection);

  std::optional<StoredJob> find(std::string_view id);
  // By id; without removed ones.
  void each(const std::function<void(StoredJob&)>& visit);
  std::vector<StoredJob> ofModule(std::string_view module);  // by id; including removed ones
  std::int64_t revision();                                   // of the last change
  std::vector<StoredJob> changedSince(std::int64_t revision);
  std::int64_t count();

  StoredRunner runner();
  // Returns true when the row was still equal to `seen` and now names `node` with the next epoch.
  bool takeOver(const StoredRunner& seen, std::string_view node);
  bool renew(std::string_view node, std::int64_t epoch);
  void release(std::string_view node, std::int64_t epoch);
  void beat(std::string_view node, std::string_view boot);
  std::vector<StoredNode> nodes();

  // In one transaction. A claim succeeds when the job is still due then, is neither paused nor removed, and `node`
  // holds the lease in `epoch`.
  void claim(std::vector<Claim>& claims, std::string_view node, std::int64_t epoch);
  // Undoes claims whose runs have not started.
  void releaseClaims(const std::vector<Claim>& claims);
  void startManual(const StoredRun& run);
  void end(const std::vector<RunEnd>& ends);
  void progress(std::string_view runId, std::int64_t percent, std::string_view text);
  void report(const std::vector<RunReports>& runs);
  // The first `limit` changes beyond `revision`, in its order, those of one run that come together in one. A reader that
  // goes on from the revision of what it has taken misses nothing: what changes again gets a later revision, and takes
  // nothing else along.
  std::vector<ReportedRun> reportedSince(std::int64_t revision, std::int64_t limit);
  // Beyond this revision nothing was reported, unless another server did; one look-up in all. Any thread.
  std::int64_t lastReportRevision();
  // The statements of reportedSince(): of targets, and of runs.
  static const std::string& changedReportsSql();
  static const std::string& changedRunsSql();
  // Closes runs of `node` that are recorded as running but are not: all but those of `boot` (empty: all).
  LostRuns closeLost(std::string_view node, std::string_view boot, std::int64_t now);
  bool askToStop(std::string_view runId);
  void askJobToStop(std::string_view jobId);
  std::vector<std::string> askedToStop(std::string_view node);
  std::int64_t runningRuns();

  // Newest first; empty `jobId`: of all jobs.
  std::vector<StoredRun> runs(std::string_view jobId, std::int64_t skip, std::int64_t limit, std::int64_t& total);
  std::optional<StoredRun> run(std::string_view id);
  std::int64_t purge(std::int64_t before);  // with what they reported

 private:
  static std::optional<StoredJob> find(db::Connection& connection, std::string_view id, TriggerCache* triggers);
  std::vector<StoredJob> select(std::string_view where, const db::Parameters& parameters);
  // Takes the next `count` revisions and returns the last. Other transactions that change what runs report wait from
  // here on, so that revisions are seen in the order in which they grow.
  std::int64_t takeReportRevisions(db::Connection& connection, std::int64_t count);
  // Gives the run the last of `1 + reports` revisions and returns the first. nullopt: there is no such run.
  std::optional<std::int64_t> moveReports(db::Connection& connection, const std::string& runId,
                                          std::int64_t reports = 0);
  void insertReports(db::Connection& connection, const std::string& runId, const std::vector<JobReport>& reports);

  db::Database& database_;
  std::atomic<std::int64_t> storedRevision_{-1};  // of reports, when it was first asked for; -1: not yet
  std::atomic<std::int64_t> givenRevision_{0};    // the last one given here, before its transaction ends
  TriggerCache triggers_;
};

}  // namespace mortise::services
