// Behaviour that both backends share; sqlite_test.cpp and postgres_test.cpp test the rest.
#include "core/db/database.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <ctime>
#include <future>
#include <limits>
#include <optional>
#include <thread>

#include "tests/peers/postgres.hpp"

namespace mortise::db {
namespace {

using namespace std::chrono_literals;

constexpr ColumnType kInteger[] = {ColumnType::integer};
constexpr ColumnType kText[] = {ColumnType::text};
constexpr ColumnType kAll[] = {ColumnType::integer, ColumnType::text, ColumnType::real};

class DatabaseTest : public testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    if (GetParam() == Backend::sqlite) {
      directory_.emplace("mortise-db");
      options_.url = "sqlite:" + directory_->path() + "/test.db";
    } else {
      peers::Postgres* const server = peers::Postgres::shared();
      if (!server) GTEST_SKIP() << "PostgreSQL is not installed";
      options_.url = server->newDatabase();
    }
    options_.connections = 2;
    database_ = Database::open(options_);
    write()->executeScript(
        "CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT UNIQUE, score DOUBLE PRECISION, CHECK (id <> 13));"
        "CREATE TABLE long_text (body TEXT);"
        "CREATE TABLE child (parent BIGINT NOT NULL REFERENCES t(id))");
  }

  std::unique_ptr<Connection> write() { return database_->lease(Access::write); }
  std::unique_ptr<Connection> read() { return database_->lease(Access::read); }

  void insert(Connection& connection, std::int64_t id, Value name = {}, Value score = {}) {
    connection.execute("INSERT INTO t (id, name, score) VALUES (:id, :name, :score)",
                       {{"id", id}, {"name", name}, {"score", score}});
  }
  std::int64_t count() {
    const auto connection = read();
    const auto rows = connection->query("SELECT count(*) FROM t", {}, kInteger);
    return rows->next() ? rows->integer(0) : -1;
  }
  ErrorKind kindOf(const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      last_ = error.what();
      return error.kind();
    }
    ADD_FAILURE() << "no error";
    return ErrorKind::other;
  }

  std::optional<peers::TempDirectory> directory_;
  Options options_;
  std::unique_ptr<Database> database_;
  std::string last_;
};

INSTANTIATE_TEST_SUITE_P(Both, DatabaseTest, testing::Values(Backend::sqlite, Backend::postgresql),
                         [](const auto& which) { return which.param == Backend::sqlite ? "Sqlite" : "Postgresql"; });

TEST_P(DatabaseTest, KeepsIntegersOf64BitsTextAndReals) {
  const auto connection = write();
  const std::int64_t numbers[] = {5'000'000'000, std::numeric_limits<std::int64_t>::max(),
                                  std::numeric_limits<std::int64_t>::min(), 0, -1};
  for (const std::int64_t number : numbers) insert(*connection, number, "é日😀'\":x -- " + std::to_string(number), 0.1);
  for (const std::int64_t number : numbers) {
    const auto rows = connection->query("SELECT id, name, score FROM t WHERE id = :id", {{"id", number}}, kAll);
    ASSERT_TRUE(rows->next());
    EXPECT_EQ(rows->integer(0), number);
    EXPECT_EQ(rows->text(1), "é日😀'\":x -- " + std::to_string(number));
    EXPECT_EQ(rows->real(2), 0.1);
    EXPECT_FALSE(rows->next());
    EXPECT_FALSE(rows->next());
  }
}

TEST_P(DatabaseTest, NullGoesInAndComesOut) {
  const auto connection = write();
  insert(*connection, 1);
  insert(*connection, 2, std::string(""), 2.5);
  insert(*connection, 3);
  const auto rows = connection->query("SELECT id, name, score FROM t ORDER BY id", {}, kAll);
  ASSERT_TRUE(rows->next());
  EXPECT_TRUE(rows->isNull(1));
  EXPECT_TRUE(rows->isNull(2));
  EXPECT_EQ(rows->text(1), "");
  EXPECT_EQ(rows->real(2), 0.0);
  ASSERT_TRUE(rows->next());
  EXPECT_FALSE(rows->isNull(1));
  EXPECT_EQ(rows->text(1), "");
  EXPECT_EQ(rows->real(2), 2.5);
  ASSERT_TRUE(rows->next());
  EXPECT_TRUE(rows->isNull(1));
}

TEST_P(DatabaseTest, ReadsManyRowsAndLongTexts) {
  const std::string big(300'000, 'x');
  database_->transaction([&](Connection& connection) {
    for (int i = 0; i < 500; ++i) insert(connection, i + 100, std::to_string(i));
    connection.execute("INSERT INTO long_text VALUES (:big)", {{"big", big}});
  });
  const auto connection = read();
  const auto rows = connection->query("SELECT id, name, score FROM t ORDER BY id", {}, kAll);
  const auto longRows = connection->query("SELECT body FROM long_text", {}, kText);
  ASSERT_TRUE(longRows->next());
  EXPECT_EQ(longRows->text(0), big);
  int seen = 0;
  while (rows->next()) EXPECT_EQ(rows->text(1), std::to_string(seen++));
  EXPECT_EQ(seen, 500);
}

TEST_P(DatabaseTest, CountsChangedRows) {
  const auto connection = write();
  insert(*connection, 1);
  insert(*connection, 2);
  EXPECT_EQ(connection->execute("UPDATE t SET score = 1", {}), 2);
  EXPECT_EQ(connection->execute("UPDATE t SET score = 1 WHERE id = :id", {{"id", std::int64_t{9}}}), 0);
  EXPECT_EQ(connection->execute("CREATE TABLE other (x BIGINT)", {}), 0);
  EXPECT_EQ(connection->execute("DELETE FROM t", {}), 2);
}

TEST_P(DatabaseTest, NamesWhatWentWrong) {
  const auto connection = write();
  insert(*connection, 1, "a");
  EXPECT_EQ(kindOf([&] { insert(*connection, 1, "b"); }), ErrorKind::unique);
  EXPECT_EQ(kindOf([&] { insert(*connection, 2, "a"); }), ErrorKind::unique);
  EXPECT_EQ(last_.find("\"a\""), std::string::npos) << last_;
  EXPECT_EQ(kindOf([&] { insert(*connection, 13); }), ErrorKind::constraint);
  EXPECT_EQ(kindOf([&] {
              connection->execute("INSERT INTO child (parent) VALUES (:p)", {{"p", std::int64_t{77}}});
            }),
            ErrorKind::constraint);
  EXPECT_EQ(kindOf([&] { connection->execute("INSERT INTO child (parent) VALUES (NULL)", {}); }),
            ErrorKind::constraint);
  EXPECT_EQ(kindOf([&] { connection->execute("SELEKT 1", {}); }), ErrorKind::syntax);
  EXPECT_EQ(kindOf([&] { connection->execute("SELECT * FROM no_such_table", {}); }), ErrorKind::syntax);
  EXPECT_EQ(kindOf([&] { connection->executeScript("SELECT 1; NONSENSE"); }), ErrorKind::syntax);
  insert(*connection, 2, "b");  // the connection goes on
}

TEST_P(DatabaseTest, ErrorTextsHoldNoValues) {
  const auto connection = write();
  insert(*connection, 1, "hunter2");
  EXPECT_EQ(kindOf([&] { insert(*connection, 2, "hunter2"); }), ErrorKind::unique);
  EXPECT_EQ(last_.find("hunter2"), std::string::npos) << last_;
  if (GetParam() == Backend::postgresql) {
    kindOf([&] {
      connection->query("SELECT id FROM t WHERE id = CAST(:x AS BIGINT)", {{"x", std::string("hunter2")}}, kInteger);
    });
    EXPECT_EQ(last_.find("hunter2"), std::string::npos) << last_;
  }
}

TEST_P(DatabaseTest, RefusesTextThatNoColumnTakes) {
  const auto connection = write();
  EXPECT_EQ(kindOf([&] { insert(*connection, 1, std::string("a\0b", 3)); }), ErrorKind::other);
  EXPECT_NE(last_.find(":name has a nul byte"), std::string::npos) << last_;
  EXPECT_EQ(kindOf([&] { insert(*connection, 1, std::string("\xff")); }), ErrorKind::other);
  EXPECT_NE(last_.find(":name is not UTF-8"), std::string::npos) << last_;
}

TEST_P(DatabaseTest, ChecksParameterNamesBothWays) {
  const auto connection = write();
  EXPECT_EQ(kindOf([&] { connection->execute("DELETE FROM t WHERE id = :id", {}); }), ErrorKind::syntax);
  EXPECT_NE(last_.find("parameter :id has no value"), std::string::npos) << last_;
  EXPECT_EQ(kindOf([&] { connection->execute("DELETE FROM t", {{"id", std::int64_t{1}}}); }), ErrorKind::syntax);
  EXPECT_EQ(kindOf([&] {
              connection->execute("DELETE FROM t WHERE id = :id", {{"id", std::int64_t{1}}, {"id", std::int64_t{2}}});
            }),
            ErrorKind::syntax);
  EXPECT_EQ(kindOf([&] { connection->query("SELECT 1", {}, {}); }), ErrorKind::syntax);
}

TEST_P(DatabaseTest, OneNameMayOccurTwiceAndValuesMayChangeType) {
  const auto connection = write();
  insert(*connection, 7, "7");
  const char* sql = "SELECT id FROM t WHERE id = :x OR score = :x";
  for (const Value& value : {Value(std::int64_t{7}), Value(7.0), Value(), Value(std::int64_t{7})}) {
    const auto rows = connection->query(sql, {{"x", value}}, kInteger);
    EXPECT_EQ(rows->next(), !std::holds_alternative<std::monostate>(value));
  }
}

TEST_P(DatabaseTest, KeepsMoreStatementsThanTheCacheHolds) {
  const auto connection = write();
  insert(*connection, 1);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 300; ++i) {
      const auto rows = connection->query("SELECT id + " + std::to_string(i) + " FROM t", {}, kInteger);
      ASSERT_TRUE(rows->next());
      ASSERT_EQ(rows->integer(0), i + 1);
    }
  }
}

TEST_P(DatabaseTest, OneResultPerStatementAtATime) {
  const auto connection = write();
  insert(*connection, 1);
  insert(*connection, 2);
  auto first = connection->query("SELECT id FROM t ORDER BY id", {}, kInteger);
  ASSERT_TRUE(first->next());
  EXPECT_EQ(kindOf([&] { connection->query("SELECT id FROM t ORDER BY id", {}, kInteger); }), ErrorKind::syntax);
  const auto other = connection->query("SELECT id FROM t ORDER BY id DESC", {}, kInteger);
  ASSERT_TRUE(other->next());
  EXPECT_EQ(other->integer(0), 2);
  ASSERT_TRUE(first->next());
  EXPECT_EQ(first->integer(0), 2);
  first.reset();
  EXPECT_TRUE(connection->query("SELECT id FROM t ORDER BY id", {}, kInteger)->next());
}

TEST_P(DatabaseTest, ReturningRowsIsCommittedEvenIfOnlyOneIsRead) {
  {
    const auto connection = write();
    const auto rows = connection->query("INSERT INTO t (id) VALUES (1), (2) RETURNING id", {}, kInteger);
    ASSERT_TRUE(rows->next());
    EXPECT_EQ(rows->integer(0), 1);
  }
  EXPECT_EQ(count(), 2);
  const auto connection = write();
  EXPECT_EQ(kindOf([&] { connection->query("INSERT INTO t (id) VALUES (3), (1) RETURNING id", {}, kInteger); }),
            ErrorKind::unique);
  EXPECT_EQ(count(), 2);
}

TEST_P(DatabaseTest, MisusedRowsAreErrorsNotCrashes) {
  auto connection = write();
  insert(*connection, 1);
  auto rows = connection->query("SELECT id FROM t", {}, kInteger);
  EXPECT_THROW(rows->integer(0), Error);
  ASSERT_TRUE(rows->next());
  EXPECT_THROW(rows->text(0), Error);
  EXPECT_THROW(rows->integer(1), Error);
  connection.reset();
  EXPECT_THROW(rows->next(), Error);
  EXPECT_THROW(rows->integer(0), Error);
}

TEST_P(DatabaseTest, WhatIsNotCommittedIsUndone) {
  {
    const auto connection = write();
    connection->begin();
    insert(*connection, 1);
  }
  EXPECT_EQ(count(), 0);
  EXPECT_THROW(database_->transaction([&](Connection& connection) {
    insert(connection, 1);
    throw std::runtime_error("changed my mind");
  }),
               std::runtime_error);
  EXPECT_EQ(count(), 0);
  database_->transaction([&](Connection& connection) { insert(connection, 1); });
  EXPECT_EQ(count(), 1);
}

TEST_P(DatabaseTest, ACommitThatCommitsNothingIsAnError) {
  const auto connection = write();
  EXPECT_EQ(kindOf([&] { connection->commit(); }), ErrorKind::other);
  connection->begin();
  insert(*connection, 1);
  connection->executeScript("ROLLBACK");
  EXPECT_EQ(kindOf([&] { connection->commit(); }), ErrorKind::other);
  EXPECT_EQ(count(), 0);
}

TEST_P(DatabaseTest, ALostRaceIsRunAgain) {
  int runs = 0;
  database_->transaction([&](Connection& connection) {
    insert(connection, 1);
    if (++runs < 3) throw Error(ErrorKind::serialization, "lost");
  });
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(count(), 1);
  runs = 0;
  EXPECT_THROW(database_->transaction([&](Connection&) {
    ++runs;
    throw Error(ErrorKind::serialization, "lost");
  }),
               Error);
  EXPECT_EQ(runs, 5);
}

TEST_P(DatabaseTest, WaitsForASessionOnlyAsLongAsTold) {
  const Access access = GetParam() == Backend::sqlite ? Access::write : Access::read;
  std::vector<std::unique_ptr<Connection>> taken;
  for (int i = 0; i < (GetParam() == Backend::sqlite ? 1 : 2); ++i) taken.push_back(database_->lease(access));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(kindOf([&] { database_->lease(access, 60ms); }), ErrorKind::unavailable);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 60ms);
  taken.clear();
  EXPECT_NO_THROW(database_->lease(access, 60ms));
}

TEST_P(DatabaseTest, ReadersArePooledAndRecoverFromExhaustion) {
  auto first = read();
  auto second = read();
  EXPECT_EQ(kindOf([&] { database_->lease(Access::read, 10ms); }), ErrorKind::unavailable);
  EXPECT_NE(database_->trouble(10ms), "");
  auto waiting = std::async(std::launch::async, [&] { return database_->lease(Access::read, 20s); });
  first.reset();
  EXPECT_NE(waiting.get(), nullptr);
  second.reset();
  EXPECT_EQ(database_->trouble(5s), "");
}

TEST_P(DatabaseTest, ManyThreadsWriteWithoutLoss) {
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  insert(*write(), 1, {}, 0.0);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 25; ++i) {
        try {
          database_->transaction([&](Connection& connection) {
            connection.execute("UPDATE t SET score = score + 1 WHERE id = :id", {{"id", std::int64_t{1}}});
          });
        } catch (const Error&) {
          ++failures;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  static constexpr ColumnType kReal[] = {ColumnType::real};
  const auto connection = read();
  const auto rows = connection->query("SELECT score FROM t WHERE id = :id", {{"id", std::int64_t{1}}}, kReal);
  ASSERT_TRUE(rows->next());
  EXPECT_EQ(rows->real(0), 100.0);
}

TEST_P(DatabaseTest, AStatementThatTakesTooLongIsStopped) {
  Options options = options_;
  options.statementTimeout = 500ms;
  const auto database = Database::open(options);
  const auto connection = database->lease(Access::read);
  EXPECT_EQ(kindOf([&] {
              connection
                  ->query(
                      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000000) SELECT "
                      "count(*) FROM n",
                      {}, kInteger)
                  ->next();
            }),
            ErrorKind::unavailable);
  EXPECT_NE(last_.find("longer than 500 ms"), std::string::npos) << last_;
  EXPECT_TRUE(connection->query("SELECT count(*) FROM t", {}, kInteger)->next());
}

TEST_P(DatabaseTest, PreparedStatementsFollowAChangedTable) {
  const auto connection = write();
  insert(*connection, 1, "a");
  const char* sql = "SELECT * FROM child";
  EXPECT_FALSE(connection->query(sql, {}, kInteger)->next());
  connection->executeScript("ALTER TABLE child ADD COLUMN note TEXT");
  connection->execute("INSERT INTO child (parent, note) VALUES (:p, :n)",
                      {{"p", std::int64_t{1}}, {"n", std::string("x")}});
  static constexpr ColumnType kTwo[] = {ColumnType::integer, ColumnType::text};
  bool hit = false;
  for (int attempt = 0; attempt < 2 && !hit; ++attempt) {
    try {
      const auto rows = connection->query(sql, {}, kTwo);
      hit = rows->next() && rows->text(1) == "x";
    } catch (const Error&) {
    }
  }
  EXPECT_TRUE(hit);
}

TEST_P(DatabaseTest, ReadsOneRowQuickly) {
  database_->transaction([&](Connection& connection) {
    for (int i = 0; i < 2000; ++i) insert(connection, i + 100, "name " + std::to_string(i));
  });
  const auto connection = read();
  const int runs = GetParam() == Backend::sqlite ? 20000 : 1000;
  const std::clock_t start = std::clock();
  for (int i = 0; i < runs; ++i) {
    const auto rows = connection->query("SELECT id, name, score FROM t WHERE id = :id",
                                        {{"id", std::int64_t{(i * 7919) % 2000 + 100}}}, kAll);
    ASSERT_TRUE(rows->next());
  }
  const double took = 1e6 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC / runs;
  RecordProperty("cpu_micros_per_read", std::to_string(took));  // printed, never asserted: machines differ
}

}  // namespace
}  // namespace mortise::db
