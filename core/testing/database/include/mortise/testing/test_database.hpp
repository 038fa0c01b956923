// The real database under a module's store, for its tests: SQLite in a folder of its own and PostgreSQL, with the
// module's migrations applied, reached through the same db/1 that the server gives a module.
//   class Invites : public mortise::testing::DatabaseTest {
//    protected:
//     Invites() : DatabaseTest("auth", AUTH_SOURCE_DIR "/migrations") {}
//     InviteStore store_{db()};
//   };
//   MORTISE_ON_EVERY_DATABASE(Invites);
//   TEST_P(Invites, AreKeptWhole) { ... }
#pragma once

#include <gtest/gtest.h>
#include <mortise/db.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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
  std::vector<db::Parameter> parameters() const;
};

// One empty database of a module. Opening one takes about 10 ms on SQLite and 50 ms on PostgreSQL, whose server is
// started once per test binary (1.5 s) and stopped at its exit. One per backend at a time. [one thread; stores may use
// db() from several]
class TestDatabase {
 public:
  // `module`: its name, the owner of its tables. `migrations`: the folder of its numbered .sql files. Throws
  // std::runtime_error when the folder has none or one fails, and for PostgreSQL where it is not installed.
  TestDatabase(Backend backend, const std::string& module, const std::string& migrations);
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  // PostgreSQL is installed here.
  static bool hasPostgresql();

  // What a module gets from host.db(). Lives as long as this object.
  Db db() const;
  Backend backend() const;

  // Runs statements without a result, separated by semicolons, in one transaction.
  void run(const std::string& sql) const;
  // Adds `rows` rows to `table`: for each column an SQL expression of n, which counts from 1.
  //   database.fill("desk_tickets", 100000, {{"id", "n"}, {"title", "'Ticket ' || n"}});
  void fill(std::string_view table, std::int64_t rows,
            const std::vector<std::pair<std::string, std::string>>& columns) const;
  // Lets PostgreSQL's planner see what was filled in; SQLite plans without statistics, as in production.
  void analyze() const;

  // The statements that `work` runs through db(), each text once, in order.
  std::vector<RecordedStatement> record(const std::function<void()>& work) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// A test with one database, once for each backend. Where PostgreSQL is not installed its tests are skipped.
class DatabaseTest : public ::testing::TestWithParam<Backend> {
 protected:
  DatabaseTest(const std::string& module, const std::string& migrations);
  Db db() const { return database_.db(); }
  TestDatabase& database() { return database_; }
  void run(const std::string& sql) const { database_.run(sql); }

 private:
  TestDatabase database_;
};

// "sqlite" or "postgresql", for the names of tests.
std::string nameOf(const ::testing::TestParamInfo<Backend>& info);

#define MORTISE_ON_EVERY_DATABASE(suite)                                                                        \
  INSTANTIATE_TEST_SUITE_P(                                                                                     \
      , suite, ::testing::Values(::mortise::testing::Backend::sqlite, ::mortise::testing::Backend::postgresql), \
      ::mortise::testing::nameOf)

}  // namespace mortise::testing
