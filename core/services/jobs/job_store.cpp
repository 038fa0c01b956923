#include "core/services/jobs/job_store.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

namespace mortise::services {
namespace {

using db::ColumnType;
using db::Parameters;
using db::Value;

constexpr ColumnType I = ColumnType::integer;
constexpr ColumnType T = ColumnType::text;

// mortise_locks 'jobs': its count is the revision of the last change of a job.
constexpr std::string_view kMigration = R"(CREATE TABLE mortise_jobs (
  id TEXT NOT NULL PRIMARY KEY,
  module TEXT NOT NULL,
  job TEXT NOT NULL,
  declared BIGINT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  trigger_text TEXT NOT NULL,
  zone TEXT NOT NULL,
  declared_trigger TEXT NOT NULL DEFAULT '',
  declared_zone TEXT NOT NULL DEFAULT '',
  payload TEXT NOT NULL DEFAULT '',
  jitter BIGINT NOT NULL,
  time_limit BIGINT NOT NULL,
  max_instances BIGINT NOT NULL,
  misfire_grace BIGINT NOT NULL,
  joins_missed BIGINT NOT NULL,
  paused BIGINT NOT NULL DEFAULT 0,
  removed BIGINT NOT NULL DEFAULT 0,
  next_run BIGINT,
  last_run BIGINT NOT NULL DEFAULT 0,
  revision BIGINT NOT NULL
);
CREATE INDEX mortise_jobs_module ON mortise_jobs (module);
CREATE INDEX mortise_jobs_revision ON mortise_jobs (revision);

CREATE TABLE mortise_job_runs (
  id TEXT NOT NULL PRIMARY KEY,
  job_id TEXT NOT NULL,
  outcome TEXT NOT NULL,
  error TEXT NOT NULL DEFAULT '',
  output TEXT NOT NULL DEFAULT '',
  node TEXT NOT NULL,
  boot TEXT NOT NULL,
  epoch BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  started_at BIGINT NOT NULL,
  ended_at BIGINT NOT NULL DEFAULT 0,
  manual BIGINT NOT NULL DEFAULT 0,
  created_by BIGINT NOT NULL DEFAULT 0,
  percent BIGINT NOT NULL DEFAULT -1,
  progress TEXT NOT NULL DEFAULT '',
  stop_asked BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX mortise_job_runs_job ON mortise_job_runs (job_id, id);
CREATE INDEX mortise_job_runs_ended ON mortise_job_runs (ended_at);
CREATE INDEX mortise_job_runs_running ON mortise_job_runs (job_id) WHERE outcome = 'running';

CREATE TABLE mortise_job_runner (
  name TEXT NOT NULL PRIMARY KEY,
  node TEXT NOT NULL DEFAULT '',
  epoch BIGINT NOT NULL DEFAULT 0,
  beat BIGINT NOT NULL DEFAULT 0
);
INSERT INTO mortise_job_runner (name) VALUES ('jobs');

CREATE TABLE mortise_job_nodes (
  node TEXT NOT NULL PRIMARY KEY,
  boot TEXT NOT NULL,
  beat BIGINT NOT NULL
);
INSERT INTO mortise_locks (name, taken) VALUES ('jobs', 0);
)";

// mortise_locks 'job_reports': its count is the last revision that was given, to a target or to a run. A transaction
// holds it until its end, so that revisions are seen in the order in which they grow.
constexpr std::string_view kReportsMigration =
    R"(ALTER TABLE mortise_job_runs ADD COLUMN report_revision BIGINT NOT NULL DEFAULT 0;
CREATE INDEX mortise_job_runs_reported ON mortise_job_runs (report_revision) WHERE report_revision > 0;

CREATE TABLE mortise_job_reports (
  run_id TEXT NOT NULL REFERENCES mortise_job_runs (id) ON DELETE CASCADE,
  number BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  target TEXT NOT NULL,
  state BIGINT NOT NULL,
  synced BIGINT NOT NULL,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL,
  deleted BIGINT NOT NULL,
  failure TEXT NOT NULL,
  details TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  ended_at BIGINT NOT NULL,
  PRIMARY KEY (run_id, number)
);
CREATE UNIQUE INDEX mortise_job_reports_revision ON mortise_job_reports (revision);
INSERT INTO mortise_locks (name, taken) VALUES ('job_reports', 0);
)";

// In the order of the lists: the jobs of a module, and the jobs that are not removed.
constexpr std::string_view kListsMigration = R"(DROP INDEX mortise_jobs_module;
CREATE INDEX mortise_jobs_module ON mortise_jobs (module, id);
CREATE INDEX mortise_jobs_present ON mortise_jobs (id) WHERE removed = 0;
)";

constexpr std::string_view kJobColumns =
    "SELECT id, module, job, declared, name, description, trigger_text, zone, declared_trigger, declared_zone, "
    "payload, "
    "jitter, time_limit, max_instances, misfire_grace, joins_missed, paused, removed, next_run, last_run, revision, "
    "(SELECT COUNT(*) FROM mortise_job_runs r WHERE r.job_id = mortise_jobs.id AND r.outcome = 'running') "
    "FROM mortise_jobs ";
constexpr ColumnType kJobTypes[] = {T, T, T, I, T, T, T, T, T, T, T, I, I, I, I, I, I, I, I, I, I, I};

constexpr std::string_view kRunColumns =
    "SELECT id, job_id, outcome, error, output, node, boot, epoch, due_at, started_at, ended_at, manual, created_by, "
    "percent, progress, report_revision FROM mortise_job_runs ";
constexpr ColumnType kRunTypes[] = {T, T, T, T, T, T, T, I, I, I, I, I, I, I, T, I};

constexpr std::string_view kReportColumns =
    "SELECT run_id, number, revision, target, state, synced, created, updated, deleted, failure, details, started_at, "
    "ended_at FROM mortise_job_reports ";
constexpr ColumnType kReportTypes[] = {T, I, I, T, I, I, I, I, I, T, T, I, I};

// In the order of the columns.
class Reader {
 public:
  explicit Reader(db::Rows& rows) : rows_(rows) {}
  std::string text() { return std::string(rows_.text(column_++)); }
  std::int64_t integer() { return rows_.integer(column_++); }
  bool flag() { return integer() != 0; }
  std::optional<std::int64_t> optional() {
    const auto column = column_++;
    return rows_.isNull(column) ? std::nullopt : std::optional(rows_.integer(column));
  }

 private:
  db::Rows& rows_;
  std::size_t column_ = 0;
};

// `triggers` may be null.
StoredJob jobOf(db::Rows& rows, TriggerCache* triggers) {
  Reader in(rows);
  StoredJob job;
  job.id = in.text();
  job.module = in.text();
  job.job = in.text();
  job.declared = in.flag();
  job.name = in.text();
  job.description = in.text();
  const auto trigger = in.text();
  const auto zone = in.text();
  job.trigger = triggers == nullptr ? Trigger::stored(trigger, zone) : triggers->stored(trigger, zone);
  job.declaredTrigger = in.text();
  job.declaredZone = in.text();
  job.payload = in.text();
  job.rules.jitterSeconds = in.integer();
  job.rules.timeLimitSeconds = in.integer();
  job.rules.maxInstances = in.integer();
  job.rules.misfireGraceSeconds = in.integer();
  job.rules.coalesce = in.flag();
  job.paused = in.flag();
  job.removed = in.flag();
  job.nextRun = in.optional();
  job.lastRun = in.integer();
  job.revision = in.integer();
  job.running = in.integer();
  return job;
}

StoredRun runOf(db::Rows& rows) {
  Reader in(rows);
  StoredRun run;
  run.id = in.text();
  run.jobId = in.text();
  run.outcome = in.text();
  run.error = in.text();
  run.output = in.text();
  run.node = in.text();
  run.boot = in.text();
  run.epoch = in.integer();
  run.dueAt = in.integer();
  run.startedAt = in.integer();
  run.endedAt = in.integer();
  run.manual = in.flag();
  run.createdBy = in.integer();
  run.percent = in.integer();
  run.progress = in.text();
  run.reportRevision = in.integer();
  return run;
}

Value orNull(const std::optional<std::int64_t>& value) { return value ? Value(*value) : Value(std::monostate()); }
Value flag(bool value) { return Value(std::int64_t{value ? 1 : 0}); }
Value text(std::string_view value) { return Value(std::string(value)); }

Parameters parametersOf(const StoredJob& job) {
  return {{"id", job.id},
          {"module", job.module},
          {"job", job.job},
          {"declared", flag(job.declared)},
          {"name", job.name},
          {"description", job.description},
          {"trigger_text", job.trigger.text()},
          {"zone", job.trigger.zone()},
          {"declared_trigger", job.declaredTrigger},
          {"declared_zone", job.declaredZone},
          {"payload", job.payload},
          {"jitter", job.rules.jitterSeconds},
          {"time_limit", job.rules.timeLimitSeconds},
          {"max_instances", job.rules.maxInstances},
          {"misfire_grace", job.rules.misfireGraceSeconds},
          {"joins_missed", flag(job.rules.coalesce)},
          {"paused", flag(job.paused)},
          {"removed", flag(job.removed)},
          {"next_run", orNull(job.nextRun)},
          {"revision", job.revision}};
}

void insertRun(db::Connection& connection, const StoredRun& run) {
  connection.execute(
      "INSERT INTO mortise_job_runs (id, job_id, outcome, node, boot, epoch, due_at, started_at, manual, created_by) "
      "VALUES (:id, :job_id, 'running', :node, :boot, :epoch, :due_at, :started_at, :manual, :created_by)",
      {{"id", run.id},
       {"job_id", run.jobId},
       {"node", run.node},
       {"boot", run.boot},
       {"epoch", run.epoch},
       {"due_at", run.dueAt},
       {"started_at", run.startedAt},
       {"manual", flag(run.manual)},
       {"created_by", run.createdBy}});
}

// Returns true when the job was still due then and this server may advance it.
bool moveOn(db::Connection& connection, const Claim& claim, std::string_view node, std::int64_t epoch) {
  constexpr std::string_view kOurs =
      "WHERE id = :id AND next_run = :due AND paused = 0 AND removed = 0 AND EXISTS (SELECT 1 FROM mortise_job_runner "
      "WHERE name = 'jobs' AND node = :node AND epoch = :epoch)";
  static const std::string kStart =
      "UPDATE mortise_jobs SET next_run = :next, last_run = :started " + std::string(kOurs);
  static const std::string kLeaveOut = "UPDATE mortise_jobs SET next_run = :next " + std::string(kOurs);
  Parameters parameters{
      {"next", orNull(claim.next)}, {"id", claim.jobId}, {"due", claim.due}, {"node", text(node)}, {"epoch", epoch}};
  if (claim.run) parameters.emplace_back("started", claim.run->startedAt);
  return connection.execute(claim.run ? kStart : kLeaveOut, parameters) == 1;
}

constexpr std::string_view kReportRevision = "SELECT taken FROM mortise_locks WHERE name = 'job_reports'";

std::vector<std::string> idsOf(db::Connection& connection, std::string_view sql, const Parameters& parameters = {}) {
  constexpr ColumnType kTypes[] = {T};
  const auto rows = connection.query(sql, parameters, kTypes);
  std::vector<std::string> result;
  while (rows->next()) result.emplace_back(rows->text(0));
  return result;
}

std::int64_t single(db::Connection& connection, std::string_view sql, const Parameters& parameters = {}) {
  constexpr ColumnType kTypes[] = {I};
  const auto rows = connection.query(sql, parameters, kTypes);
  return rows->next() ? rows->integer(0) : 0;
}

struct StoredReport {
  std::string runId;
  JobReport report;
};

StoredReport reportOf(db::Rows& rows) {
  Reader in(rows);
  StoredReport stored;
  stored.runId = in.text();
  JobReport& report = stored.report;
  report.number = in.integer();
  report.revision = in.integer();
  report.target = in.text();
  report.state = static_cast<JobReport::State>(in.integer());
  report.synced = in.integer();
  report.created = in.integer();
  report.updated = in.integer();
  report.deleted = in.integer();
  report.failure = in.text();
  report.details = in.text();
  report.startedAt = in.integer();
  report.endedAt = in.integer();
  return stored;
}

std::optional<StoredRun> runWith(db::Connection& connection, std::string_view id) {
  const auto rows = connection.query(std::string(kRunColumns) + "WHERE id = :id", {{"id", text(id)}}, kRunTypes);
  return rows->next() ? std::optional(runOf(*rows)) : std::nullopt;
}

}  // namespace

std::string_view JobStore::migrationSql() { return kMigration; }
std::string_view JobStore::reportsMigrationSql() { return kReportsMigration; }

std::string_view JobStore::listsMigrationSql() { return kListsMigration; }

std::int64_t JobStore::beginChange(db::Connection& connection) {
  connection.execute("UPDATE mortise_locks SET taken = taken + 1 WHERE name = 'jobs'", {});
  return single(connection, "SELECT taken FROM mortise_locks WHERE name = 'jobs'");
}

std::optional<StoredJob> JobStore::find(db::Connection& connection, std::string_view id, TriggerCache* triggers) {
  const auto rows = connection.query(std::string(kJobColumns) + "WHERE id = :id", {{"id", text(id)}}, kJobTypes);
  return rows->next() ? std::optional(jobOf(*rows, triggers)) : std::nullopt;
}

std::optional<StoredJob> JobStore::findToChange(db::Connection& connection, std::string_view id,
                                                std::int64_t revision) {
  connection.execute("UPDATE mortise_jobs SET revision = :revision WHERE id = :id",
                     {{"revision", revision}, {"id", text(id)}});
  return find(connection, id, nullptr);
}

void JobStore::insert(db::Connection& connection, const StoredJob& job) {
  connection.execute(
      "INSERT INTO mortise_jobs (id, module, job, declared, name, description, trigger_text, zone, declared_trigger, "
      "declared_zone, payload, jitter, time_limit, max_instances, misfire_grace, joins_missed, paused, removed, "
      "next_run, revision) VALUES (:id, :module, :job, :declared, :name, :description, :trigger_text, :zone, "
      ":declared_trigger, :declared_zone, :payload, :jitter, :time_limit, :max_instances, :misfire_grace, "
      ":joins_missed, :paused, :removed, :next_run, :revision)",
      parametersOf(job));
}

void JobStore::update(db::Connection& connection, const StoredJob& job) {
  connection.execute(
      "UPDATE mortise_jobs SET module = :module, job = :job, declared = :declared, name = :name, description = "
      ":description, trigger_text = :trigger_text, zone = :zone, declared_trigger = :declared_trigger, declared_zone = "
      ":declared_zone, payload = :payload, jitter = :jitter, time_limit = :time_limit, max_instances = :max_instances, "
      "misfire_grace = :misfire_grace, joins_missed = :joins_missed, paused = :paused, removed = :removed, next_run = "
      ":next_run, revision = :revision WHERE id = :id",
      parametersOf(job));
}

void JobStore::erase(db::Connection& connection, std::string_view id) {
  connection.execute("DELETE FROM mortise_jobs WHERE id = :id", {{"id", text(id)}});
}

std::optional<StoredJob> JobStore::find(std::string_view id) {
  return find(*database_.lease(db::Access::read), id, &triggers_);
}

void JobStore::each(const std::function<void(StoredJob&)>& visit) {
  const auto connection = database_.lease(db::Access::read);
  const auto rows = connection->query(std::string(kJobColumns) + "WHERE removed = 0 ORDER BY id", {}, kJobTypes);
  while (rows->next()) {
    auto job = jobOf(*rows, &triggers_);
    visit(job);
  }
}

std::vector<StoredJob> JobStore::select(std::string_view where, const Parameters& parameters) {
  const auto connection = database_.lease(db::Access::read);
  const auto rows = connection->query(std::string(kJobColumns) + std::string(where), parameters, kJobTypes);
  std::vector<StoredJob> jobs;
  while (rows->next()) jobs.push_back(jobOf(*rows, &triggers_));
  return jobs;
}

std::vector<StoredJob> JobStore::ofModule(std::string_view module) {
  return select("WHERE module = :module ORDER BY id", {{"module", text(module)}});
}

std::int64_t JobStore::revision() {
  return single(*database_.lease(db::Access::read), "SELECT taken FROM mortise_locks WHERE name = 'jobs'");
}

std::vector<std::string> JobStore::eraseAll(db::Connection& connection) {
  auto ids = idsOf(connection,
                   "SELECT id FROM mortise_jobs WHERE removed = 0 ORDER BY CASE WHEN next_run IS NULL "
                   "THEN 1 ELSE 0 END, next_run, id");
  connection.execute("DELETE FROM mortise_jobs", {});
  return ids;
}

std::vector<StoredJob> JobStore::changedSince(std::int64_t revision) {
  return select("WHERE revision > :revision ORDER BY revision", {{"revision", revision}});
}

std::int64_t JobStore::count() {
  return single(*database_.lease(db::Access::read), "SELECT COUNT(*) FROM mortise_jobs WHERE removed = 0");
}

StoredRunner JobStore::runner() {
  constexpr ColumnType kTypes[] = {T, I, I};
  const auto connection = database_.lease(db::Access::read);
  const auto rows =
      connection->query("SELECT node, epoch, beat FROM mortise_job_runner WHERE name = 'jobs'", {}, kTypes);
  StoredRunner runner;
  if (!rows->next()) return runner;
  Reader in(*rows);
  runner.node = in.text();
  runner.epoch = in.integer();
  runner.beat = in.integer();
  return runner;
}

bool JobStore::takeOver(const StoredRunner& seen, std::string_view node) {
  return database_.lease(db::Access::write)
             ->execute(
                 "UPDATE mortise_job_runner SET node = :node, epoch = epoch + 1, beat = beat + 1 WHERE name = 'jobs' "
                 "AND epoch = :epoch AND beat = :beat",
                 {{"node", text(node)}, {"epoch", seen.epoch}, {"beat", seen.beat}}) == 1;
}

bool JobStore::renew(std::string_view node, std::int64_t epoch) {
  return database_.lease(db::Access::write)
             ->execute(
                 "UPDATE mortise_job_runner SET beat = beat + 1 WHERE name = 'jobs' AND node = :node AND epoch = "
                 ":epoch",
                 {{"node", text(node)}, {"epoch", epoch}}) == 1;
}

void JobStore::release(std::string_view node, std::int64_t epoch) {
  database_.lease(db::Access::write)
      ->execute(
          "UPDATE mortise_job_runner SET node = '', beat = beat + 1 WHERE name = 'jobs' AND node = :node AND epoch = "
          ":epoch",
          {{"node", text(node)}, {"epoch", epoch}});
}

void JobStore::beat(std::string_view node, std::string_view boot) {
  database_.lease(db::Access::write)
      ->execute(
          "INSERT INTO mortise_job_nodes (node, boot, beat) VALUES (:node, :boot, 1) ON CONFLICT (node) DO UPDATE SET "
          "boot = excluded.boot, beat = mortise_job_nodes.beat + 1",
          {{"node", text(node)}, {"boot", text(boot)}});
}

std::vector<StoredNode> JobStore::nodes() {
  constexpr ColumnType kTypes[] = {T, T, I};
  const auto connection = database_.lease(db::Access::read);
  const auto rows = connection->query("SELECT node, boot, beat FROM mortise_job_nodes", {}, kTypes);
  std::vector<StoredNode> nodes;
  while (rows->next()) {
    Reader in(*rows);
    StoredNode node;
    node.node = in.text();
    node.boot = in.text();
    node.beat = in.integer();
    nodes.push_back(std::move(node));
  }
  return nodes;
}

void JobStore::claim(std::vector<Claim>& claims, std::string_view node, std::int64_t epoch) {
  database_.transaction([&](db::Connection& connection) {
    for (Claim& claim : claims) {
      claim.claimed = moveOn(connection, claim, node, epoch);
      if (!claim.claimed || !claim.run) continue;
      insertRun(connection, *claim.run);
      if (!claim.wantsPayload) continue;
      constexpr ColumnType kTypes[] = {T};
      const auto rows =
          connection.query("SELECT payload FROM mortise_jobs WHERE id = :id", {{"id", claim.jobId}}, kTypes);
      if (rows->next()) claim.payload = rows->text(0);
    }
  });
}

void JobStore::releaseClaims(const std::vector<Claim>& claims) {
  database_.transaction([&](db::Connection& connection) {
    for (const Claim& claim : claims) {
      connection.execute("DELETE FROM mortise_job_runs WHERE id = :id", {{"id", claim.run->id}});
      // Unless its next time was changed meanwhile.
      connection.execute(
          "UPDATE mortise_jobs SET next_run = :due WHERE id = :id AND paused = 0 AND (next_run = :next OR (next_run IS "
          "NULL AND :ended = 1))",
          {{"due", claim.run->dueAt},
           {"id", claim.jobId},
           {"next", claim.next.value_or(0)},
           {"ended", flag(!claim.next)}});
    }
  });
}

void JobStore::startManual(const StoredRun& run) {
  database_.transaction([&](db::Connection& connection) {
    insertRun(connection, run);
    connection.execute("UPDATE mortise_jobs SET last_run = :started WHERE id = :id AND last_run < :started",
                       {{"started", run.startedAt}, {"id", run.jobId}});
  });
}

std::int64_t JobStore::takeReportRevisions(db::Connection& connection, std::int64_t count) {
  connection.execute("UPDATE mortise_locks SET taken = taken + :count WHERE name = 'job_reports'", {{"count", count}});
  const auto last = single(connection, kReportRevision);
  for (auto known = givenRevision_.load(); known < last && !givenRevision_.compare_exchange_weak(known, last);) {
  }
  return last;
}

std::int64_t JobStore::lastReportRevision() {
  if (storedRevision_.load() < 0) storedRevision_ = single(*database_.lease(db::Access::read), kReportRevision);
  return std::max(storedRevision_.load(), givenRevision_.load());
}

std::optional<std::int64_t> JobStore::moveReports(db::Connection& connection, const std::string& runId,
                                                  std::int64_t reports) {
  const auto last = takeReportRevisions(connection, reports + 1);
  const auto moved = connection.execute("UPDATE mortise_job_runs SET report_revision = :revision WHERE id = :id",
                                        {{"revision", last}, {"id", runId}});
  return moved == 0 ? std::nullopt : std::optional(last - reports);
}

void JobStore::insertReports(db::Connection& connection, const std::string& runId,
                             const std::vector<JobReport>& reports) {
  auto revision = moveReports(connection, runId, static_cast<std::int64_t>(reports.size()));
  if (!revision) return;  // what a run without a record reports is never read
  for (const auto& report : reports) {
    connection.execute(
        "INSERT INTO mortise_job_reports (run_id, number, revision, target, state, synced, created, updated, deleted, "
        "failure, details, started_at, ended_at) VALUES (:run_id, :number, :revision, :target, :state, :synced, "
        ":created, :updated, :deleted, :failure, :details, :started_at, :ended_at) ON CONFLICT (run_id, number) DO "
        "UPDATE SET revision = excluded.revision, state = excluded.state, synced = excluded.synced, created = "
        "excluded.created, updated = excluded.updated, deleted = excluded.deleted, failure = excluded.failure, details "
        "= excluded.details, started_at = CASE WHEN mortise_job_reports.started_at > 0 THEN "
        "mortise_job_reports.started_at ELSE excluded.started_at END, ended_at = excluded.ended_at",
        {{"run_id", runId},
         {"number", report.number},
         {"revision", (*revision)++},
         {"target", report.target},
         {"state", static_cast<std::int64_t>(report.state)},
         {"synced", report.synced},
         {"created", report.created},
         {"updated", report.updated},
         {"deleted", report.deleted},
         {"failure", report.failure},
         {"details", report.details},
         {"started_at", report.startedAt},
         {"ended_at", report.endedAt}});
  }
}

void JobStore::end(const std::vector<RunEnd>& ends) {
  database_.transaction([&](db::Connection& connection) {
    // First of all, so that the lock on the number is taken before those on runs, as in closeLost().
    for (const RunEnd& end : ends) {
      if (end.hasReported) insertReports(connection, end.id, end.reports);
    }
    for (const RunEnd& end : ends) {
      connection.execute(
          "UPDATE mortise_job_runs SET outcome = :outcome, error = :error, output = :output, started_at = :started_at, "
          "ended_at = :ended_at, percent = :percent, progress = :progress WHERE id = :id",
          {{"outcome", end.outcome},
           {"error", end.error},
           {"output", end.output},
           {"started_at", end.startedAt},
           {"ended_at", end.endedAt},
           {"percent", end.percent},
           {"progress", end.progress},
           {"id", end.id}});
      // The claim stored the planned start; now the actual start is known.
      connection.execute("UPDATE mortise_jobs SET last_run = :started_at WHERE id = :id AND last_run < :started_at",
                         {{"started_at", end.startedAt}, {"id", end.jobId}});
      if (!end.removesJob) continue;
      connection.execute("DELETE FROM mortise_jobs WHERE id = :id AND declared = 0 AND next_run IS NULL AND paused = 0",
                         {{"id", end.jobId}});
    }
  });
}

void JobStore::progress(std::string_view runId, std::int64_t percent, std::string_view shown) {
  database_.lease(db::Access::write)
      ->execute(
          "UPDATE mortise_job_runs SET percent = :percent, progress = :progress WHERE id = :id AND outcome = 'running'",
          {{"percent", percent}, {"progress", text(shown)}, {"id", text(runId)}});
}

void JobStore::report(const std::vector<RunReports>& runs) {
  database_.transaction([&](db::Connection& connection) {
    for (const auto& [runId, reports] : runs) insertReports(connection, runId, reports);
  });
}

// Up to `until`, so that both lists end at the same change whatever is stored between the two queries.
const std::string& JobStore::changedReportsSql() {
  static const std::string kSql =
      std::string(kReportColumns) + "WHERE revision > :after AND revision <= :until ORDER BY revision LIMIT :limit";
  return kSql;
}

const std::string& JobStore::changedRunsSql() {
  static const std::string kSql =
      std::string(kRunColumns) +
      "WHERE report_revision > 0 AND report_revision > :after AND report_revision <= :until "
      "ORDER BY report_revision LIMIT :limit";
  return kSql;
}

std::vector<ReportedRun> JobStore::reportedSince(std::int64_t revision, std::int64_t limit) {
  const auto connection = database_.lease(db::Access::read);
  const auto last = single(*connection, kReportRevision);
  if (last <= revision) return {};
  const Parameters range{{"after", revision}, {"until", last}, {"limit", limit}};
  std::vector<StoredReport> reports;
  for (const auto rows = connection->query(changedReportsSql(), range, kReportTypes); rows->next();)
    reports.push_back(reportOf(*rows));
  std::vector<StoredRun> runs;
  for (const auto rows = connection->query(changedRunsSql(), range, kRunTypes); rows->next();)
    runs.push_back(runOf(*rows));

  std::vector<ReportedRun> result;
  std::map<std::string, std::optional<StoredRun>> known;
  for (const auto& run : runs) known.emplace(run.id, run);
  const auto add = [&](const std::string& id, std::int64_t changed) -> ReportedRun* {
    if (result.empty() || result.back().run.id != id) {
      auto at = known.find(id);
      // It has changed since, or changes beyond the limit.
      if (at == known.end()) at = known.emplace(id, runWith(*connection, id)).first;
      if (!at->second) return nullptr;  // its record was dropped meanwhile
      result.push_back({*at->second, 0, {}});
    }
    result.back().revision = changed;
    return &result.back();
  };
  auto report = reports.begin();
  auto run = runs.begin();
  for (; limit > 0 && (report != reports.end() || run != runs.end()); --limit) {
    if (run == runs.end() || (report != reports.end() && report->report.revision < run->reportRevision)) {
      if (auto* to = add(report->runId, report->report.revision)) to->reports.push_back(std::move(report->report));
      ++report;
    } else {
      add(run->id, run->reportRevision);
      ++run;
    }
  }
  return result;
}

LostRuns JobStore::closeLost(std::string_view node, std::string_view boot, std::int64_t now) {
  const std::string lost = "WHERE outcome = 'running' AND node = :node AND boot <> :boot";
  const Parameters parameters{{"node", text(node)}, {"boot", text(boot)}};
  LostRuns closed;
  database_.transaction([&](db::Connection& connection) {
    const auto reported =
        idsOf(connection, "SELECT id FROM mortise_job_runs " + lost + " AND report_revision > 0", parameters);
    for (const auto& id : reported) moveReports(connection, id);
    auto all = parameters;
    all.emplace_back("now", now);
    closed.runs = connection.execute(
        "UPDATE mortise_job_runs SET outcome = 'lost', error = 'the server ended during the run', ended_at = :now " +
            lost,
        all);
    closed.reported = static_cast<std::int64_t>(reported.size());
  });
  return closed;
}

bool JobStore::askToStop(std::string_view runId) {
  return database_.lease(db::Access::write)
             ->execute("UPDATE mortise_job_runs SET stop_asked = 1 WHERE id = :id AND outcome = 'running'",
                       {{"id", text(runId)}}) == 1;
}

void JobStore::askJobToStop(std::string_view jobId) {
  database_.lease(db::Access::write)
      ->execute("UPDATE mortise_job_runs SET stop_asked = 1 WHERE job_id = :id AND outcome = 'running'",
                {{"id", text(jobId)}});
}

std::vector<std::string> JobStore::askedToStop(std::string_view node) {
  return idsOf(*database_.lease(db::Access::read),
               "SELECT id FROM mortise_job_runs WHERE outcome = 'running' AND node = :node AND stop_asked = 1",
               {{"node", text(node)}});
}

std::int64_t JobStore::runningRuns() {
  return single(*database_.lease(db::Access::read), "SELECT COUNT(*) FROM mortise_job_runs WHERE outcome = 'running'");
}

std::vector<StoredRun> JobStore::runs(std::string_view jobId, std::int64_t skip, std::int64_t limit,
                                      std::int64_t& total) {
  const auto connection = database_.lease(db::Access::read);
  const std::string where = jobId.empty() ? "" : "WHERE job_id = :job_id ";
  Parameters parameters;
  if (!jobId.empty()) parameters.emplace_back("job_id", text(jobId));
  total = single(*connection, "SELECT COUNT(*) FROM mortise_job_runs " + where, parameters);
  parameters.emplace_back("limit", limit);
  parameters.emplace_back("skip", skip);
  const auto rows = connection->query(std::string(kRunColumns) + where + "ORDER BY id DESC LIMIT :limit OFFSET :skip",
                                      parameters, kRunTypes);
  std::vector<StoredRun> runs;
  while (rows->next()) runs.push_back(runOf(*rows));
  return runs;
}

std::optional<StoredRun> JobStore::run(std::string_view id) { return runWith(*database_.lease(db::Access::read), id); }

std::int64_t JobStore::purge(std::int64_t before) {
  // In batches, so that no other writer waits long. Reports go first: a run may have 100,000 of them.
  const auto deleteAll = [&](std::string_view sql, std::int64_t atATime) {
    std::int64_t removed = 0;
    for (;;) {
      const auto some = database_.lease(db::Access::write)->execute(sql, {{"before", before}, {"some", atATime}});
      removed += some;
      if (some < atATime) return removed;
    }
  };
  deleteAll(
      "DELETE FROM mortise_job_reports WHERE revision IN (SELECT reports.revision FROM mortise_job_runs runs JOIN "
      "mortise_job_reports reports ON reports.run_id = runs.id WHERE runs.ended_at > 0 AND runs.ended_at < :before AND "
      "runs.report_revision > 0 LIMIT :some)",
      10000);
  return deleteAll(
      "DELETE FROM mortise_job_runs WHERE id IN (SELECT id FROM mortise_job_runs WHERE ended_at > 0 AND ended_at < "
      ":before LIMIT :some)",
      1000);
}

}  // namespace mortise::services
