#include "core/testing/database/host_database.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <utility>
#include <vector>

#include "core/db/database.hpp"
#include "core/db/migrations.hpp"
#include "core/plugin/host.hpp"
#include "core/plugin/manifest.hpp"
#include "tests/peers/postgres.hpp"

namespace mortise::testing {
namespace {

// A copy of the real table whose execute() and query() also report the statements that they run.
class ListeningTable {
 public:
  static ListeningTable& instance() {
    static ListeningTable table;
    return table;
  }
  // The functions of a C table have no test-specific context: `real` is the same for every host.
  const mortise_db_v1* over(const mortise_db_v1* real) {
    const std::lock_guard lock(mutex_);
    if (real_ == real) return &table_;
    real_ = real;
    table_ = *real;
    table_.execute = [](mortise_db_session* session, mortise_str sql, const mortise_db_parameter* parameters,
                        size_t count, int64_t* changed, mortise_error* error) {
      instance().report(sql, parameters, count);
      return instance().real_->execute(session, sql, parameters, count, changed, error);
    };
    table_.query = [](mortise_db_session* session, mortise_str sql, const mortise_db_parameter* parameters,
                      size_t count, const mortise_type* types, size_t columns, mortise_db_rows** rows,
                      mortise_error* error) {
      instance().report(sql, parameters, count);
      return instance().real_->query(session, sql, parameters, count, types, columns, rows, error);
    };
    return &table_;
  }
  void listen(StatementListener listener) {
    const std::lock_guard lock(mutex_);
    listener_ = std::move(listener);
  }

 private:
  void report(mortise_str sql, const mortise_db_parameter* parameters, size_t count) {
    const std::lock_guard lock(mutex_);
    if (listener_) listener_(sql, parameters, count);
  }

  const mortise_db_v1* real_ = nullptr;
  mortise_db_v1 table_{};
  std::mutex mutex_;
  StatementListener listener_;
};

std::vector<db::Migration> migrationsIn(const std::string& folder) {
  std::vector<db::Migration> migrations;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() != ".sql") continue;
    db::Migration migration;
    migration.name = entry.path().filename().string();
    migration.number = std::atoi(migration.name.c_str());
    std::ifstream file(entry.path());
    std::stringstream text;
    text << file.rdbuf();
    migration.sql = text.str();
    migrations.push_back(std::move(migration));
  }
  if (migrations.empty()) throw std::runtime_error("no migrations in " + folder);
  std::sort(migrations.begin(), migrations.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  return migrations;
}

db::Options optionsFor(const std::string& url) {
  db::Options options;
  options.url = url;
  options.connections = 4;
  options.synchronous = "NORMAL";
  options.statementTimeout = std::chrono::milliseconds(0);  // none: a busy machine may take long to fill a table
  return options;
}

peers::Postgres& postgresql() {
  auto* const server = peers::Postgres::shared();
  if (server == nullptr) throw std::runtime_error("PostgreSQL is not installed");
  return *server;
}

// An empty database with a module's migrations. Each test gets a copy, because applying them takes many times as long.
class MigratedDatabase {
 public:
  MigratedDatabase(bool isPostgresql, const std::string& module, const std::vector<db::Migration>& migrations)
      : isPostgresql_(isPostgresql),
        file_(directory_.path() + "/migrated.db"),
        url_(isPostgresql ? postgresql().newDatabase() : "sqlite:" + file_) {
    // Closed at once: PostgreSQL copies no database in use, and SQLite writes all into the one file when it is closed.
    db::migrate(*db::Database::open(optionsFor(url_)), module, migrations);
  }
  // The one for these migrations, made at the first call.
  static const MigratedDatabase& of(bool isPostgresql, const std::string& module,
                                    const std::vector<db::Migration>& migrations) {
    auto key = std::make_pair(isPostgresql, module);
    for (const auto& migration : migrations) key.second.append("\n").append(migration.name + "\n" + migration.sql);
    static std::map<decltype(key), MigratedDatabase> databases;
    return databases.try_emplace(std::move(key), isPostgresql, module, migrations).first->second;
  }
  // The URL of a new copy. `folder`: for its file.
  std::string copied(const std::string& folder) const {
    if (!isPostgresql_) {
      std::filesystem::copy_file(file_, folder + "/test.db");
      return "sqlite:" + folder + "/test.db";
    }
    auto url = postgresql().newDatabase(nameOf(url_));
    // Now rather than when its test ended: PostgreSQL drops no database before every session has left it.
    static std::string last;
    if (!last.empty()) postgresql().sql("DROP DATABASE " + nameOf(last));
    return last = std::move(url);
  }
  static std::string nameOf(const std::string& url) { return url.substr(url.rfind('=') + 1); }

 private:
  const bool isPostgresql_;
  peers::TempDirectory directory_{"mortise-migrated-database"};
  const std::string file_, url_;
};

class ModuleDatabase : public HostDatabase {
 public:
  ModuleDatabase(bool isPostgresql, const std::string& module, const std::string& migrations)
      : isPostgresql_(isPostgresql),
        url_(MigratedDatabase::of(isPostgresql, module, migrationsIn(migrations)).copied(directory_.path())),
        database_(db::Database::open(optionsFor(url_))) {
    auto manifest = std::make_shared<plugin::Manifest>();
    manifest->name = module;
    manifest->needs = {MORTISE_DB_V1};
    plugin::HostServices services;
    services.database = database_.get();
    host_ = std::make_unique<plugin::Host>(std::move(manifest), services);
  }

  mortise_host* host() override { return host_->raw(); }
  const mortise_db_v1* table() override {
    const mortise_str name{MORTISE_DB_V1, std::char_traits<char>::length(MORTISE_DB_V1)};
    const auto* real = static_cast<const mortise_db_v1*>(host()->lookup(host(), name));
    if (real == nullptr) throw std::runtime_error("the host serves no " MORTISE_DB_V1);
    return ListeningTable::instance().over(real);
  }
  void run(const std::string& sql) override {
    database_->transaction([&](db::Connection& connection) { connection.executeScript(sql); });
  }
  void analyze() override {
    if (isPostgresql_) postgresql().sql("VACUUM ANALYZE", MigratedDatabase::nameOf(url_));
  }

 private:
  const bool isPostgresql_;
  peers::TempDirectory directory_{"mortise-test-database"};
  const std::string url_;
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<plugin::Host> host_;
};

}  // namespace

std::unique_ptr<HostDatabase> HostDatabase::open(bool isPostgresql, const std::string& module,
                                                 const std::string& migrations) {
  return std::make_unique<ModuleDatabase>(isPostgresql, module, migrations);
}

bool HostDatabase::hasPostgresql() { return peers::Postgres::shared() != nullptr; }

void HostDatabase::listen(StatementListener listener) { ListeningTable::instance().listen(std::move(listener)); }

}  // namespace mortise::testing
