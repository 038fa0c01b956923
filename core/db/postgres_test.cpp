#include <gtest/gtest.h>

#include <signal.h>

#include <chrono>
#include <functional>
#include <thread>

#include "core/db/database.hpp"
#include "tests/peers/postgres.hpp"

namespace mortise::db {
namespace {

using namespace std::chrono_literals;
using mortise::peers::Postgres;

constexpr ColumnType kInteger[] = {ColumnType::integer};

class PostgresTest : public testing::Test {
 protected:
  void SetUp() override {
    server_ = Postgres::shared();
    if (!server_) GTEST_SKIP() << "PostgreSQL is not installed";
    options_.url = server_->newDatabase();
    options_.connections = 2;
    database_ = Database::open(options_);
  }

  static std::int64_t one(Connection& connection, std::string_view sql) {
    const auto rows = connection.query(sql, {}, kInteger);
    return rows->next() ? rows->integer(0) : -1;
  }
  static ErrorKind kindOf(const std::function<void()>& work, std::string* text = nullptr) {
    try {
      work();
    } catch (const Error& error) {
      if (text) *text = error.what();
      return error.kind();
    }
    ADD_FAILURE() << "no error";
    return ErrorKind::other;
  }

  Postgres* server_ = nullptr;
  Options options_;
  std::unique_ptr<Database> database_;
};

TEST_F(PostgresTest, ATerminatedSessionIsReplacedBeforeTheNextLease) {
  std::int64_t id = 0;
  {
    const auto connection = database_->lease(Access::write);
    id = one(*connection, "SELECT pg_backend_pid()");
  }
  server_->sql("SELECT pg_terminate_backend(" + std::to_string(id) + ", 5000)");
  const auto connection = database_->lease(Access::write);
  EXPECT_NE(one(*connection, "SELECT pg_backend_pid()"), id);
}

TEST_F(PostgresTest, AConnectionLostInATransactionIsUnavailableAndThenReplaced) {
  {
    const auto connection = database_->lease(Access::write);
    connection->begin();
    const std::int64_t id = one(*connection, "SELECT pg_backend_pid()");
    server_->sql("SELECT pg_terminate_backend(" + std::to_string(id) + ", 5000)");
    std::string text;
    EXPECT_EQ(kindOf([&] { one(*connection, "SELECT 1"); }, &text), ErrorKind::unavailable);
    EXPECT_NE(text.find("connection to the database server was lost"), std::string::npos) << text;
    EXPECT_EQ(kindOf([&] { connection->commit(); }), ErrorKind::unavailable);
  }
  EXPECT_EQ(one(*database_->lease(Access::write), "SELECT 1"), 1);
}

TEST_F(PostgresTest, ARestartedServerIsFoundAgain) {
  EXPECT_EQ(database_->trouble(5s), "");
  server_->stop();
  EXPECT_NE(database_->trouble(5s), "");
  std::string text;
  EXPECT_EQ(kindOf([&] { database_->lease(Access::read); }, &text), ErrorKind::unavailable);
  EXPECT_NE(text.find("postgresql://app@"), std::string::npos) << text;
  server_->start();
  EXPECT_EQ(database_->trouble(5s), "");
  EXPECT_EQ(one(*database_->lease(Access::read), "SELECT 1"), 1);
}

TEST_F(PostgresTest, AFrozenServerHoldsNobodyForEver) {
  Options options = options_;
  options.statementTimeout = 1s;
  options.leaseTimeout = 20s;
  const auto database = Database::open(options);
  EXPECT_EQ(database->trouble(5s), "");
  {
    const auto connection = database->lease(Access::read);
    server_->freeze();
    const auto start = std::chrono::steady_clock::now();
    EXPECT_NE(database->trouble(200ms), "");
    EXPECT_LT(std::chrono::steady_clock::now() - start, 30s);
    EXPECT_EQ(kindOf([&] { one(*connection, "SELECT 1"); }), ErrorKind::unavailable);
    server_->thaw();
  }
  EXPECT_EQ(database->trouble(20s), "");
  EXPECT_EQ(one(*database->lease(Access::read), "SELECT 1"), 1);
}

// As a fail-over leaves it: the server still answers and reads.
TEST_F(PostgresTest, AServerThatTurnsReadOnlyIsUnavailableUntilItTakesWrites) {
  const auto readOnly = [&](const std::string& value) {
    server_->sql("ALTER SYSTEM SET default_transaction_read_only = " + value);
    server_->sql("SELECT pg_reload_conf()");
  };
  const auto write = [&] { return database_->lease(Access::write)->execute("INSERT INTO t VALUES (DEFAULT)", {}); };
  database_->lease(Access::write)->executeScript("CREATE TABLE t (id BIGSERIAL PRIMARY KEY)");
  std::int64_t before = 0;
  {
    const auto first = database_->lease(Access::write);
    const auto second = database_->lease(Access::write);  // another connection to the same server
    before = one(*second, "SELECT pg_backend_pid()");
    readOnly("on");
    std::string text;
    while (true) {  // the reload takes a moment
      try {
        first->execute("INSERT INTO t VALUES (DEFAULT)", {});
        std::this_thread::sleep_for(5ms);
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::unavailable) << error.what();
        text = error.what();
        break;
      }
    }
    EXPECT_NE(text.find("25006"), std::string::npos) << text;
  }
  std::string text;
  EXPECT_EQ(kindOf(write, &text), ErrorKind::unavailable);
  EXPECT_NE(text.find("read-only"), std::string::npos) << text;
  EXPECT_NE(database_->trouble(5s).find("read-only"), std::string::npos) << database_->trouble(5s);
  EXPECT_EQ(kindOf([&] { Database::open(options_); }), ErrorKind::unavailable);
  readOnly("off");
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (!database_->trouble(5s).empty() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(5ms);
  EXPECT_EQ(write(), 1);
  const auto first = database_->lease(Access::read);
  const auto second = database_->lease(Access::read);
  EXPECT_NE(one(*first, "SELECT pg_backend_pid()"), before) << "a connection to the wrong server was kept";
  EXPECT_NE(one(*second, "SELECT pg_backend_pid()"), before) << "a connection to the wrong server was kept";
}

TEST_F(PostgresTest, HealthSeesAReadOnlyServerOnAStandingConnection) {
  Options options = options_;
  options.connections = 1;
  const auto database = Database::open(options);
  EXPECT_EQ(database->trouble(5s), "");
  const auto process = one(*database->lease(Access::read), "SELECT pg_backend_pid()");
  database->lease(Access::write)->executeScript("SET default_transaction_read_only = on");
  ASSERT_EQ(one(*database->lease(Access::read), "SELECT pg_backend_pid()"), process) << "the connection stands";
  EXPECT_EQ(database->trouble(5s), "it takes no writes, as a stand-by does");
  EXPECT_EQ(database->trouble(5s), "") << "the connection was given up, and a new one takes writes";
  EXPECT_NE(one(*database->lease(Access::read), "SELECT pg_backend_pid()"), process);
  EXPECT_NO_THROW(database->lease(Access::write)->executeScript("CREATE TABLE x (n BIGINT)"));
}

TEST_F(PostgresTest, TheOperatorsOwnChoiceOfServersStands) {
  server_->sql("ALTER ROLE app SET default_transaction_read_only = on");
  EXPECT_EQ(kindOf([&] { Database::open(options_); }), ErrorKind::unavailable);
  Options options = options_;
  options.url += " target_session_attrs=any";
  const auto database = Database::open(options);
  EXPECT_EQ(one(*database->lease(Access::read), "SELECT 1"), 1);
  EXPECT_NE(database->trouble(5s), "");
  EXPECT_EQ(kindOf([&] { database->lease(Access::write)->executeScript("CREATE TABLE x (n BIGINT)"); }),
            ErrorKind::unavailable);
  server_->sql("ALTER ROLE app RESET default_transaction_read_only");
  EXPECT_NO_THROW(database->lease(Access::write)->executeScript("CREATE TABLE x (n BIGINT)"));
}

// What a pooler does that hands out another server process.
TEST_F(PostgresTest, AForgottenPreparedStatementIsUnavailableOnceAndThenPreparedOnANewConnection) {
  Options options = options_;
  options.connections = 1;
  const auto database = Database::open(options);
  EXPECT_EQ(one(*database->lease(Access::write), "SELECT 7"), 7);
  database->lease(Access::write)->executeScript("DEALLOCATE ALL");
  std::string text;
  EXPECT_EQ(kindOf([&] { one(*database->lease(Access::write), "SELECT 7"); }, &text), ErrorKind::unavailable);
  EXPECT_NE(text.find("26000"), std::string::npos) << text;
  EXPECT_EQ(one(*database->lease(Access::write), "SELECT 7"), 7);
}

TEST_F(PostgresTest, ACrashedBackendIsUnavailableForAllUntilTheServerHasRecovered) {
  std::int64_t victim = 0;
  const auto other = database_->lease(Access::write);
  victim = one(*database_->lease(Access::write), "SELECT pg_backend_pid()");
  EXPECT_EQ(one(*other, "SELECT 1"), 1);
  ::kill(static_cast<pid_t>(victim), SIGKILL);  // 57P02 for the rest, then 57P03 until it has recovered
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  bool seen = false;
  while (std::chrono::steady_clock::now() < deadline) {
    try {
      if (one(*database_->lease(Access::write), "SELECT 1") == 1 && seen) break;
    } catch (const Error& error) {
      seen = true;
      ASSERT_EQ(error.kind(), ErrorKind::unavailable) << error.what();
    }
    std::this_thread::sleep_for(2ms);
    if (!seen) {
      try {
        one(*other, "SELECT 1");
      } catch (const Error& error) {
        seen = true;
        ASSERT_EQ(error.kind(), ErrorKind::unavailable) << error.what();
      }
    }
  }
  EXPECT_TRUE(seen);
  EXPECT_EQ(one(*database_->lease(Access::write), "SELECT 1"), 1);
}

TEST_F(PostgresTest, AFailedTransactionDoesNotPassForACommit) {
  const auto connection = database_->lease(Access::write);
  connection->executeScript("CREATE TABLE t (id BIGINT PRIMARY KEY)");
  connection->begin();
  connection->execute("INSERT INTO t VALUES (1)", {});
  EXPECT_EQ(kindOf([&] { connection->execute("INSERT INTO t VALUES (1)", {}); }), ErrorKind::unique);
  EXPECT_EQ(kindOf([&] { connection->commit(); }), ErrorKind::other);
  EXPECT_EQ(one(*connection, "SELECT count(*) FROM t"), 0);
}

TEST_F(PostgresTest, AFailedStatementLeavesNoValueToItsNextRun) {
  const auto connection = database_->lease(Access::write);
  connection->executeScript("CREATE TABLE t (id BIGINT PRIMARY KEY, n BIGINT, word TEXT)");
  const auto insert = [&](std::int64_t id, const Value& n, const Value& word) {
    connection->execute("INSERT INTO t VALUES (:id, :n, :word)", {{"id", id}, {"n", n}, {"word", word}});
  };
  insert(1, std::int64_t{7}, std::string("mine"));
  EXPECT_EQ(kindOf([&] { insert(1, std::int64_t{8}, std::string("secret")); }), ErrorKind::unique);
  insert(2, Value(), Value());
  EXPECT_EQ(one(*connection, "SELECT count(*) FROM t WHERE id = 2 AND n IS NULL AND word IS NULL"), 1);
}

TEST_F(PostgresTest, ASerializationFailureIsRunAgain) {
  database_->lease(Access::write)
      ->executeScript("CREATE TABLE t (id BIGINT PRIMARY KEY, n BIGINT); INSERT INTO t VALUES (1, 0)");
  int runs = 0;
  database_->transaction([&](Connection& connection) {
    ++runs;
    connection.executeScript("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    const std::int64_t seen = one(connection, "SELECT n FROM t");
    if (runs == 1)
      database_->lease(Access::write)->execute("UPDATE t SET n = n + 10", {});  // another transaction commits first
    connection.execute("UPDATE t SET n = :n", {{"n", seen + 1}});
  });
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(one(*database_->lease(Access::read), "SELECT n FROM t"), 11);
}

TEST_F(PostgresTest, TooManyClientsIsUnavailable) {
  server_->sql("ALTER ROLE app CONNECTION LIMIT 2");
  const auto first = database_->lease(Access::read);
  const auto second = database_->lease(Access::read);
  EXPECT_EQ(kindOf([&] { Database::open(options_); }), ErrorKind::unavailable);
  server_->sql("ALTER ROLE app CONNECTION LIMIT -1");
  EXPECT_NO_THROW(Database::open(options_));
}

TEST_F(PostgresTest, PasswordsStayOutOfErrors) {
  for (const std::string url :
       {"postgresql://u:hunter2@127.0.0.1:1/d", "postgresql:host=127.0.0.1 port=1 user=u password=hunter2 dbname=d",
        "postgresql://u:hunter2@127.0.0.1:port/d", "postgresql:host=x hunter2"}) {
    Options options;
    options.url = url;
    std::string text;
    kindOf([&] { Database::open(options); }, &text);
    EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
    EXPECT_FALSE(text.empty());
  }
}

TEST_F(PostgresTest, BackupsArePgDumps) {
  std::string text;
  EXPECT_EQ(kindOf([&] { database_->backupTo("/tmp/x"); }, &text), ErrorKind::other);
  EXPECT_NE(text.find("pg_dump"), std::string::npos);
}

}  // namespace
}  // namespace mortise::db
