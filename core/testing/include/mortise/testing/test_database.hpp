// The real database under a module's store, for its tests: SQLite in a folder of its own and PostgreSQL, with the
// module's migrations applied, reached through the same db/1 that the server gives a module.
//   class Invites : public mortise::testing::DatabaseTest {
//    protected:
//     Invites() : DatabaseTest("auth", AUTH_SOURCE_DIR "/migrations") {}
//     InviteStore store_{db()};
//   };
//   MORTISE_ON_EVERY_DATABASE(Invites);
//   TEST_P(Invites, AreKeptWhole) { ... }
// For GoogleTest. In CMake: find_package(MortiseSDK 1.1 REQUIRED), then
// target_link_libraries(my_test PRIVATE MortiseSDK::testing GTest::gtest).
#pragma once

#include <gtest/gtest.h>
#include <mortise/db.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mortise/testing/module_harness.hpp"

namespace mortise::testing {

enum class Backend { sqlite, postgresql };

// A statement that went through db/1, with the values that were bound to it.
struct RecordedStatement {
  struct Value {
    std::string name;
    mortise_value value;  // its text is `text`
    std::string text;
  };
  std::string sql;
  std::vector<Value> values;

  // Borrow from this object.
  std::vector<db::Parameter> parameters() const {
    std::vector<db::Parameter> out;
    out.reserve(values.size());
    for (const auto& each : values) {
      auto& parameter = out.emplace_back(each.name, nullptr);
      parameter.value = each.value;
      if (each.value.type == MORTISE_TEXT) parameter.value.as.text = detail::str(each.text);
    }
    return out;
  }
};

// One empty database of a module: a copy of one whose migrations were applied once per test binary. PostgreSQL's server
// is started once per test binary (1.5 s) and stopped at its exit. One per backend at a time. Members throw
// std::runtime_error. [one thread; stores may use db() from several]
class TestDatabase {
 public:
  // `module`: its name, the owner of its tables. `migrations`: the folder of its numbered .sql files. Throws
  // std::runtime_error when the folder has none or one fails, and for PostgreSQL where it is not installed.
  TestDatabase(Backend backend, const std::string& module, const std::string& migrations) : backend_(backend) {
    std::string sentence;
    detail::require(mortise_testing_v1.open_database(backend == Backend::postgresql ? 1 : 0, detail::str(module),
                                                     detail::str(migrations), &database_, &detail::keepText, &sentence),
                    sentence);
  }
  ~TestDatabase() { mortise_testing_v1.close_database(database_); }
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  // PostgreSQL is installed here.
  static bool hasPostgresql() { return mortise_testing_v1.has_postgresql() != 0; }

  // What a module gets from host.db(). Lives as long as this object.
  Db db() const {
    return Db(mortise_testing_v1.database_host(database_), mortise_testing_v1.database_table(database_));
  }
  Backend backend() const { return backend_; }

  // Runs statements without a result, separated by semicolons, in one transaction.
  void run(const std::string& sql) const {
    std::string sentence;
    detail::require(mortise_testing_v1.run_sql(database_, detail::str(sql), &detail::keepText, &sentence), sentence);
  }
  // Adds `rows` rows to `table`: for each column an SQL expression of n, which counts from 1. Indexes that no constraint
  // needs, and PostgreSQL's foreign keys, are dropped first and made again at the end, which takes less time than keeping
  // them up to date: no trigger of the table may need them.
  //   database.fill("desk_tickets", 100000, {{"id", "n"}, {"title", "'Ticket ' || n"}});
  void fill(std::string_view table, std::int64_t rows,
            const std::vector<std::pair<std::string, std::string>>& columns) const {
    std::string names, values;
    for (const auto& [name, expression] : columns) {
      names.append(names.empty() ? "" : ", ").append(name);
      values.append(values.empty() ? "" : ", ").append(expression);
    }
    std::string before, after;
    for (const auto& [removal, making] : remadeAfterFilling(table)) {
      before += removal + ";";
      after += ";" + making;
    }
    run(before + "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < " +
        std::to_string(rows) + ") INSERT INTO " + std::string(table) + " (" + names + ") SELECT " + values +
        " FROM numbers" + after);
  }
  // Lets PostgreSQL's planner see what was filled in; SQLite plans without statistics, as in production.
  void analyze() const {
    std::string sentence;
    detail::require(mortise_testing_v1.analyze(database_, &detail::keepText, &sentence), sentence);
  }

  // The statements that `work` runs through db(), each text once, in order.
  std::vector<RecordedStatement> record(const std::function<void()>& work) const {
    std::vector<RecordedStatement> statements;
    const struct Listening {
      ~Listening() { mortise_testing_v1.listen(nullptr, nullptr); }
    } listening;
    mortise_testing_v1.listen(&TestDatabase::note, &statements);
    work();
    return statements;
  }

  // For the other headers of the kit.
  mortise_testing_database* database() const { return database_; }

 private:
  // Statements that take an index or a foreign key of the table away, each with the one that makes it again, in the
  // order in which they were made: a planner may prefer the older of two that are equally good.
  std::vector<std::pair<std::string, std::string>> remadeAfterFilling(std::string_view table) const {
    const std::vector<db::Parameter> parameters = {{"name", table}};
    std::vector<std::pair<std::string, std::string>> out;
    const auto add = [&](std::string removal, std::string making) {
      out.emplace_back(std::move(removal), std::move(making));
    };
    if (backend_ == Backend::sqlite) {
      db().each<std::string, std::string>(
          "SELECT 'DROP INDEX ' || name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :name AND sql IS "
          "NOT NULL ORDER BY rowid",
          parameters, add);
      return out;
    }
    db().each<std::string, std::string>(
        "SELECT 'DROP INDEX ' || quote_ident(c.relname), pg_get_indexdef(c.oid) FROM pg_index i JOIN pg_class c "
        "ON c.oid = i.indexrelid WHERE i.indrelid = to_regclass(:name) "
        "AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = c.oid) ORDER BY c.oid",
        parameters, add);
    const std::string alter = "ALTER TABLE " + std::string(table);
    db().each<std::string, std::string>(
        "SELECT quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conrelid = to_regclass(:name) AND contype = 'f' ORDER BY oid",
        parameters, [&](const std::string& name, const std::string& definition) {
          add(alter + " DROP CONSTRAINT " + name, alter + " ADD CONSTRAINT " + name + " " + definition);
        });
    return out;
  }
  static void note(void* into, const mortise_testing_statement* c) {
    auto& statements = *static_cast<std::vector<RecordedStatement>*>(into);
    RecordedStatement statement;
    statement.sql = detail::copied(c->sql);
    if (std::any_of(statements.begin(), statements.end(), [&](const auto& each) { return each.sql == statement.sql; }))
      return;
    for (std::size_t i = 0; i < c->count; ++i) {
      const auto& from = c->parameters[i];
      auto& value = statement.values.emplace_back();
      value.name = detail::copied(from.name);
      value.value = from.value;
      if (from.value.type == MORTISE_TEXT) value.text = detail::copied(from.value.as.text);
    }
    statements.push_back(std::move(statement));
  }

  Backend backend_;
  mortise_testing_database* database_ = nullptr;
};

// A test with one database, once for each backend. Where PostgreSQL is not installed its tests are skipped.
class DatabaseTest : public ::testing::TestWithParam<Backend> {
 protected:
  DatabaseTest(const std::string& module, const std::string& migrations)
      : database_(usable(GetParam()), module, migrations) {
    skipWithout(GetParam());
  }
  Db db() const { return database_.db(); }
  TestDatabase& database() { return database_; }
  void run(const std::string& sql) const { database_.run(sql); }

 private:
  // Where PostgreSQL is missing the fixture still gets a database, so that its members can be made; its test is
  // skipped.
  static Backend usable(Backend backend) {
    return backend == Backend::postgresql && !TestDatabase::hasPostgresql() ? Backend::sqlite : backend;
  }
  static void skipWithout(Backend backend) {
    if (backend != usable(backend)) GTEST_SKIP() << "PostgreSQL is not installed";
  }

  TestDatabase database_;
};

// "sqlite" or "postgresql", for the names of tests.
inline std::string nameOf(const ::testing::TestParamInfo<Backend>& info) {
  return info.param == Backend::sqlite ? "sqlite" : "postgresql";
}

#define MORTISE_ON_EVERY_DATABASE(suite)                                                                        \
  INSTANTIATE_TEST_SUITE_P(                                                                                     \
      , suite, ::testing::Values(::mortise::testing::Backend::sqlite, ::mortise::testing::Backend::postgresql), \
      ::mortise::testing::nameOf)

}  // namespace mortise::testing
