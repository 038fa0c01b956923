#include "core/db/migrations.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <thread>

#include "core/base/identifiers.hpp"
#include "core/base/text.hpp"
#include "core/db/database.hpp"
#include "core/db/table_makers.hpp"

namespace mortise::db {
namespace {

constexpr std::string_view kMarker = "-- mortise:";
constexpr std::int64_t kLock = 0x6d6f7274697365;  // "mortise": the advisory lock of every migrating process
constexpr std::chrono::seconds kPatience{60};     // another process may be building an index

struct Applied {
  std::string name, checksum;
};
using AppliedByNumber = std::map<int, Applied>;

std::string withPlainLineEnds(std::string_view sql) {
  std::string out;
  out.reserve(sql.size());
  for (std::size_t i = 0; i < sql.size(); ++i) {
    if (sql[i] == '\r' && i + 1 < sql.size() && sql[i + 1] == '\n') continue;
    out += sql[i];
  }
  return out;
}

std::string shortened(const std::string& sum) { return sum.substr(0, 12) + "…"; }

bool tableExists(Connection& connection, Backend backend) {
  static constexpr ColumnType kColumns[] = {ColumnType::integer};
  // to_regclass() could answer from a cache that lacks another process's latest commit.
  const auto rows =
      connection.query(backend == Backend::sqlite
                           ? "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'mortise_migrations'"
                           : "SELECT count(*) FROM pg_catalog.pg_tables WHERE tablename = 'mortise_migrations' "
                             "AND schemaname = ANY (current_schemas(false))",
                       {}, kColumns);
  return rows->next() && rows->integer(0) > 0;
}

AppliedByNumber readApplied(Connection& connection, std::string_view owner) {
  static constexpr ColumnType kColumns[] = {ColumnType::integer, ColumnType::text, ColumnType::text};
  AppliedByNumber applied;
  const auto rows =
      connection.query("SELECT number, name, checksum FROM mortise_migrations WHERE owner = :owner ORDER BY number",
                       {{"owner", std::string(owner)}}, kColumns);
  while (rows->next()) {
    applied[static_cast<int>(rows->integer(0))] = {std::string(rows->text(1)), std::string(rows->text(2))};
  }
  return applied;
}

// Throws one sentence when the applied migrations and the files disagree; else returns the migrations to apply, in
// order.
std::vector<const Migration*> pending(std::string_view owner, const std::vector<Migration>& migrations,
                                      const AppliedByNumber& applied) {
  std::map<int, const Migration*> known;
  for (const Migration& migration : migrations) {
    const auto [at, added] = known.emplace(migration.number, &migration);
    if (!added) {
      throw Error(ErrorKind::other, std::string(owner) + ": migrations " + at->second->name + " and " + migration.name +
                                        " have the same number; give one of them the next free number");
    }
  }
  for (const auto& [number, record] : applied) {
    const auto match = known.find(number);
    if (match == known.end()) {
      throw Error(ErrorKind::other,
                  std::string(owner) + ": migration " + record.name +
                      " was applied to this database but is missing here; run the version that has it, "
                      "or a newer one");
    }
    const std::string sum = checksum(*match->second);
    if (sum != record.checksum) {
      throw Error(ErrorKind::other, std::string(owner) + ": migration " + match->second->name +
                                        " was changed after it was applied (recorded sha256 " +
                                        shortened(record.checksum) + ", file has " + shortened(sum) +
                                        "); restore the old file and add a new migration");
    }
  }
  std::vector<const Migration*> left;
  for (const auto& [number, migration] : known) {
    if (applied.count(number) == 0) left.push_back(migration);
  }
  return left;
}

// Begins a transaction that excludes every other migrating process.
void beginAlone(Connection& connection, Backend backend, std::chrono::steady_clock::time_point deadline) {
  if (backend == Backend::postgresql) {
    connection.begin();
    connection.executeScript(
        "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '60s'; SELECT pg_advisory_xact_lock(" +
        std::to_string(kLock) + ")");
    return;
  }
  while (true) {
    try {
      connection.begin();  // BEGIN IMMEDIATE
      return;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::unavailable || std::chrono::steady_clock::now() > deadline) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

// Runs `read`, then gives back the locks that it took: executeScriptNaming() learns from the locks what a script touches.
template <class Read>
auto readAside(Connection& connection, const Read& read) {
  connection.executeScript("SAVEPOINT aside");
  auto result = read();
  connection.executeScript("ROLLBACK TO SAVEPOINT aside; RELEASE SAVEPOINT aside");
  return result;
}

// With Tables::own throws before the transaction is committed, so that nothing of the script stays.
void apply(Connection& connection, Backend backend, std::string_view owner, const std::string& sql, Tables tables) {
  auto makers = readAside(connection, [&] { return TableMakers(connection, backend, owner); });
  std::set<std::string> names;
  if (tables == Tables::own) {
    names = connection.executeScriptNaming(sql);
  } else {
    connection.executeScript(sql);
  }
  makers.lookAgain();
  for (const auto& name : names) {
    if (const auto why = makers.objection(name); !why.empty()) throw Error(ErrorKind::other, why);
  }
  makers.note();
}

}  // namespace

std::string sqlFor(const Migration& migration, Backend backend) {
  std::string out;
  bool mine = true;
  const std::string sql = withPlainLineEnds(migration.sql);
  for (const std::string_view line : text::split(sql, '\n')) {
    const std::string_view trimmed = text::trim(line);
    if (trimmed.starts_with(kMarker)) {
      const std::string_view target = text::trim(trimmed.substr(kMarker.size()));
      if (target != "sqlite" && target != "postgresql" && target != "all") {
        throw Error(ErrorKind::other, "migration " + migration.name + ": section \"" + std::string(target) +
                                          "\" is none of sqlite, postgresql, all");
      }
      mine = target == "all" || target == (backend == Backend::sqlite ? "sqlite" : "postgresql");
    } else if (mine) {
      out += line;
      out += '\n';
    }
  }
  return out;
}

std::string checksum(const Migration& migration) { return text::hex(sha256(withPlainLineEnds(migration.sql))); }

MigrationReport migrate(Database& database, std::string_view owner, const std::vector<Migration>& migrations,
                        Tables tables) {
  MigrationReport report;
  if (pending(database, owner, migrations).empty()) return report;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  const auto connection = database.lease(Access::write);
  while (true) {
    // Another process may have applied some meanwhile: look again under the lock for each migration.
    beginAlone(*connection, database.backend(), deadline);
    if (!tableExists(*connection, database.backend())) {
      connection->executeScript(
          "CREATE TABLE mortise_migrations (owner TEXT NOT NULL, number BIGINT NOT NULL, name TEXT NOT NULL, "
          "checksum TEXT NOT NULL, applied_at BIGINT NOT NULL, PRIMARY KEY (owner, number))");
    }
    if (TableMakers::prepare(*connection, database.backend())) {
      connection->commit();
      continue;
    }
    const auto left =
        pending(owner, migrations, readAside(*connection, [&] { return readApplied(*connection, owner); }));
    if (left.empty()) {
      connection->commit();
      return report;
    }
    const Migration& next = *left.front();
    try {
      apply(*connection, database.backend(), owner, sqlFor(next, database.backend()), tables);
      connection->execute(
          "INSERT INTO mortise_migrations (owner, number, name, checksum, applied_at) "
          "VALUES (:owner, :number, :name, :checksum, :applied_at)",
          {{"owner", std::string(owner)},
           {"number", static_cast<std::int64_t>(next.number)},
           {"name", next.name},
           {"checksum", checksum(next)},
           {"applied_at", nowMicros()}});
      connection->commit();
    } catch (const Error& error) {
      throw Error(error.kind(),
                  std::string(owner) + ": migration " + next.name + " failed and was undone: " + error.what());
    }
    report.applied.push_back(next.name);
  }
}

bool wasMigrated(Database& database) { return tableExists(*database.lease(Access::read), database.backend()); }

std::vector<std::string> pending(Database& database, std::string_view owner, const std::vector<Migration>& migrations) {
  const auto connection = database.lease(Access::read);
  AppliedByNumber applied;
  if (tableExists(*connection, database.backend())) applied = readApplied(*connection, owner);
  std::vector<std::string> names;
  for (const Migration* migration : pending(owner, migrations, applied)) names.push_back(migration->name);
  return names;
}

}  // namespace mortise::db
