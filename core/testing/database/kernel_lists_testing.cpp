#include "core/testing/database/kernel_lists_testing.hpp"

#include <fstream>
#include <functional>
#include <memory>
#include <stdexcept>

#include "core/db/database.hpp"
#include "core/db/migrations.hpp"
#include "core/identity/api_keys.hpp"
#include "core/identity/identity.hpp"
#include "core/identity/kernel_migrations.hpp"
#include "core/identity/orgs.hpp"
#include "core/identity/store.hpp"
#include "core/services/audit/audit.hpp"
#include "core/services/jobs/job_store.hpp"
#include "core/services/mail/mail_queue.hpp"
#include "core/services/secrets/secrets.hpp"

namespace mortise::testing {
namespace {

using Note = std::function<void(std::string_view sql, const db::Parameters& parameters)>;

class NotingConnection final : public db::Connection {
 public:
  NotingConnection(std::unique_ptr<db::Connection> real, const Note& note) : real_(std::move(real)), note_(note) {}

  std::unique_ptr<db::Rows> query(std::string_view sql, const db::Parameters& parameters,
                                  std::span<const db::ColumnType> columns) override {
    note_(sql, parameters);
    return real_->query(sql, parameters, columns);
  }
  std::int64_t execute(std::string_view sql, const db::Parameters& parameters) override {
    return real_->execute(sql, parameters);
  }
  void executeScript(std::string_view sql) override { real_->executeScript(sql); }
  std::set<std::string> executeScriptNaming(std::string_view sql) override { return real_->executeScriptNaming(sql); }
  void begin() override { real_->begin(); }
  void commit() override { real_->commit(); }
  void rollback() override { real_->rollback(); }
  std::shared_ptr<db::JoinedTransaction> join() override { return real_->join(); }
  void lock(std::string_view name) override { real_->lock(name); }
  bool lost() const override { return real_->lost(); }

 private:
  std::unique_ptr<db::Connection> real_;
  const Note& note_;
};

// A database that tells every query.
class NotingDatabase final : public db::Database {
 public:
  NotingDatabase(db::Database& real, Note note)
      : Database(std::chrono::seconds(2)), real_(real), note_(std::move(note)) {}
  db::Backend backend() const override { return real_.backend(); }
  std::string trouble(std::chrono::milliseconds timeout) override { return real_.trouble(timeout); }
  void backupTo(const std::string& path) override { real_.backupTo(path); }

 private:
  std::unique_ptr<db::Connection> connect(db::Access access, std::chrono::milliseconds timeout) override {
    return std::make_unique<NotingConnection>(real_.lease(access, timeout), note_);
  }

  db::Database& real_;
  const Note note_;
};

std::vector<services::AuditFilter> auditFilters() {
  std::vector<services::AuditFilter> filters;
  for (const auto* actor : {"", "actor7"}) {
    for (const auto* action : {"", "user.act7", "user.", "user.act."}) {
      for (const auto* target : {"", "user:7"}) {
        for (const bool isTimed : {false, true}) {
          services::AuditFilter filter;
          filter.actor = actor;
          filter.action = action;
          filter.target = target;
          if (isTimed) {
            filter.since = 1000;
            filter.until = 90000;
          }
          filters.push_back(filter);
        }
      }
    }
  }
  return filters;
}

}  // namespace

std::vector<KernelStatement> statementsOfKernelLists(const std::string& folder) {
  db::Options options;
  options.url = "sqlite:" + folder + "/kernel.db";
  options.connections = 2;
  const auto real = db::Database::open(options);
  db::migrate(*real, "kernel", identity::kernelMigrations());
  // Members are listed of an organisation that exists, reports of a run that has some. It has changed since, so that it
  // is looked up by itself.
  real->transaction([](db::Connection& connection) {
    connection.executeScript(
        "INSERT INTO mortise_orgs (id, name, slug, tier, seats_limit, storage_limit, created_at) VALUES ('org7', 'O', "
        "'o', 'team', 0, 0, 1);"
        "INSERT INTO mortise_teams (id, org_id, name, slug, created_by, created_at) VALUES ('team7', 'org7', 'T', 't', "
        "'user7', 1);"
        "INSERT INTO mortise_job_runs (id, job_id, outcome, node, boot, epoch, due_at, started_at, report_revision) "
        "VALUES ('run7', 'job7', 'done', 'node', 'boot', 1, 1, 1, 99995);"
        "INSERT INTO mortise_job_reports (run_id, number, revision, target, state, synced, created, updated, deleted, "
        "failure, details, started_at, ended_at) VALUES ('run7', 1, 99992, 'a', 0, 0, 0, 0, 0, '', '', 1, 1);"
        "UPDATE mortise_locks SET taken = 99994 WHERE name = 'job_reports'");
  });
  std::vector<KernelStatement> statements;
  std::string list;
  NotingDatabase database(*real, [&](std::string_view sql, const db::Parameters& parameters) {
    KernelStatement statement{list, std::string(sql), {}};
    for (const auto& [name, value] : parameters) {
      auto& [itsName, itsValue] = statement.values.emplace_back();
      itsName = name;
      if (const auto* text = std::get_if<std::string>(&value)) {
        itsValue = *text;
      } else {
        itsValue = std::get<std::int64_t>(value);
      }
    }
    statements.push_back(std::move(statement));
  });
  std::int64_t total = 0;
  identity::Options identityOptions;
  identityOptions.secret = std::string(32, 'k');
  // On the heap: GCC's sanitizer puts locals where its alignment, a cache line, is not kept.
  const auto made = std::make_unique<identity::Identity>(database, identityOptions);
  auto& identity = *made;

  statements.clear();
  list = "users";
  identity.list(20, 20, total);
  list = "users with a role";
  identity.countWithRole("admin");
  list = "organisations";
  identity.orgs().list(20, 20, total);
  list = "members";
  identity.orgs().members("org7");
  list = "teams";
  identity.teams().ofOrg("org7");
  identity.teams().ofUser("user7");
  list = "members of a team";
  identity.teams().members("team7");
  list = "API keys of a user";
  identity.apiKeys().list("user7", "");
  list = "API keys of an organisation";
  identity.apiKeys().list("", "org7");
  list = "API keys of both";
  identity.apiKeys().list("user7", "org7");
  services::Audit audit(database);
  for (const auto& filter : auditFilters()) {
    list = "audit: " + filter.actor + " " + filter.action + " " + filter.target + (filter.since > 0 ? " timed" : "");
    audit.list(filter, total);
  }
  services::JobStore jobs(database);
  list = "jobs";
  jobs.each([](auto&) {});
  jobs.count();
  list = "jobs of a module";
  jobs.ofModule("module7");
  list = "changed jobs";
  jobs.changedSince(99990);
  list = "runs";
  jobs.runs("", 20, 20, total);
  list = "runs of a job";
  jobs.runs("job7", 20, 20, total);
  list = "reported runs";
  jobs.reportedSince(99990, 20);
  const services::Secrets secrets(identityOptions.secret);
  services::mail::MailQueue mails(database, secrets, "node7", 100);
  list = "mails that are due";
  mails.next({});
  return statements;
}

void writeKernelMigrations(const std::string& folder) {
  for (const auto& migration : identity::kernelMigrations()) {
    std::ofstream file(folder + "/" + migration.name);
    file << migration.sql;
    if (!file.flush()) throw std::runtime_error("can't write " + folder + "/" + migration.name);
  }
}

}  // namespace mortise::testing
