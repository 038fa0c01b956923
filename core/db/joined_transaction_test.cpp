// A transaction with several callers, on both backends.
#include "core/db/joined_transaction.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/db/after_commit.hpp"
#include "core/db/transaction_boundary.hpp"
#include "tests/peers/postgres.hpp"

namespace mortise::db {
namespace {

using namespace std::chrono_literals;

constexpr ColumnType kInteger[] = {ColumnType::integer};

class JoinedTransactionTest : public testing::TestWithParam<Backend> {
 protected:
  void SetUp() override {
    auto& options = options_;
    if (GetParam() == Backend::sqlite) {
      directory_.emplace("mortise-db");
      options.url = "sqlite:" + directory_->path() + "/test.db";
    } else {
      peers::Postgres* const server = peers::Postgres::shared();
      if (!server) GTEST_SKIP() << "PostgreSQL is not installed";
      options.url = server->newDatabase();
    }
    options.connections = 4;
    options.leaseTimeout = 20s;
    database_ = Database::open(options);
    database_->lease(Access::write)->executeScript("CREATE TABLE t (id BIGINT PRIMARY KEY)");
  }

  // A connection with a transaction that the thread has joined.
  std::unique_ptr<Connection> begin() {
    auto connection = database_->lease(Access::write);
    connection->begin();
    transaction_ = connection->join();
    return connection;
  }
  // Acts as a service that has no parameter for the joined transaction.
  void serviceInserts(std::int64_t id) {
    database_->transaction([&](Connection& connection) {
      connection.execute("INSERT INTO t (id) VALUES (:id)", {{"id", id}});
    });
  }
  std::int64_t count() {
    const auto connection = database_->lease(Access::read);
    const auto rows = connection->query("SELECT count(*) FROM t", {}, kInteger);
    return rows->next() ? rows->integer(0) : -1;
  }
  static ErrorKind kindOf(const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      return error.kind();
    }
    ADD_FAILURE() << "no error";
    return ErrorKind::unavailable;
  }

  std::optional<peers::TempDirectory> directory_;
  Options options_;
  std::unique_ptr<Database> database_;
  std::shared_ptr<JoinedTransaction> transaction_;
};

INSTANTIATE_TEST_SUITE_P(Both, JoinedTransactionTest, testing::Values(Backend::sqlite, Backend::postgresql),
                         [](const auto& which) { return which.param == Backend::sqlite ? "Sqlite" : "Postgresql"; });

TEST_P(JoinedTransactionTest, ServicesWriteInItAndTheCommitKeepsAll) {
  const auto connection = begin();
  connection->execute("INSERT INTO t (id) VALUES (1)", {});
  {
    const JoinScope scope(transaction_.get());
    serviceInserts(2);
    EXPECT_EQ(count(), 2) << "it reads what the transaction wrote";
  }
  EXPECT_EQ(count(), 0) << "outside, only what was committed is seen";
  connection->commit();
  EXPECT_EQ(count(), 2);
  EXPECT_TRUE(transaction_->ended());
}

TEST_P(JoinedTransactionTest, ARollbackDropsWhatServicesWrote) {
  auto connection = begin();
  {
    const JoinScope scope(transaction_.get());
    serviceInserts(1);
  }
  connection.reset();
  EXPECT_EQ(count(), 0);
  serviceInserts(2);
  EXPECT_EQ(count(), 1) << "the thread is free again";
}

TEST_P(JoinedTransactionTest, ACallThatFailsInsideLeavesNothingAndTheRestGoesOn) {
  const auto connection = begin();
  const JoinScope scope(transaction_.get());
  serviceInserts(1);
  EXPECT_EQ(kindOf([&] {
              database_->transaction([&](Connection& inner) {
                inner.execute("INSERT INTO t (id) VALUES (2)", {});
                inner.execute("INSERT INTO t (id) VALUES (1)", {});
              });
            }),
            ErrorKind::unique);
  serviceInserts(3);
  connection->commit();
  EXPECT_EQ(count(), 2);
}

TEST_P(JoinedTransactionTest, WhatWaitsForTheCommitRunsOnceInOrderAndMayWrite) {
  std::vector<std::string> seen;
  const auto connection = begin();
  afterCommit([&] { seen.push_back("first"); });
  afterCommit([] { throw Error(ErrorKind::other, "logged, and no reason to leave out the next"); });
  afterCommit([&] {
    serviceInserts(7);
    seen.push_back("second");
  });
  EXPECT_TRUE(waitsForCommit());
  EXPECT_TRUE(seen.empty());
  connection->commit();
  EXPECT_EQ(seen, (std::vector<std::string>{"first", "second"}));
  EXPECT_EQ(count(), 1);
  EXPECT_FALSE(waitsForCommit());
  afterCommit([&] { seen.push_back("at once"); });
  EXPECT_EQ(seen.back(), "at once");
}

TEST_P(JoinedTransactionTest, WhatWaitsIsDroppedWithItsTransactionOrItsSavepoint) {
  std::vector<std::string> seen;
  const auto effect = [&](const std::string& name) {
    afterCommit([&, name] { seen.push_back(name); }, [&, name] { seen.push_back("no " + name); });
  };
  auto connection = begin();
  effect("outer");
  {
    const JoinScope scope(transaction_.get());
    EXPECT_THROW(database_->transaction([&](Connection&) {
      effect("inner");
      throw std::runtime_error("refused");
    }),
                 std::runtime_error);
    EXPECT_EQ(seen, (std::vector<std::string>{"no inner"}));
    database_->transaction([&](Connection&) { effect("kept"); });
  }
  connection->commit();
  EXPECT_EQ(seen, (std::vector<std::string>{"no inner", "outer", "kept"}));
  connection = begin();
  effect("late");
  connection->rollback();
  EXPECT_EQ(seen.back(), "no late");
}

TEST_P(JoinedTransactionTest, WritingOutsideOfItFailsAtOnce) {
  const auto connection = begin();
  EXPECT_EQ(kindOf([&] { serviceInserts(1); }), ErrorKind::other);
  EXPECT_EQ(kindOf([&] { database_->lease(Access::write); }), ErrorKind::other);
  connection->execute("INSERT INTO t (id) VALUES (1)", {});
  connection->commit();
  EXPECT_EQ(count(), 1);
}

TEST_P(JoinedTransactionTest, AnotherThreadIsRefusedAndHasItsOwn) {
  auto connection = begin();
  std::thread([&] {
    EXPECT_FALSE(waitsForCommit());
    EXPECT_EQ(kindOf([&] { const JoinScope scope(transaction_.get()); }), ErrorKind::other);
    EXPECT_EQ(kindOf([&] { connection->execute("INSERT INTO t (id) VALUES (1)", {}); }), ErrorKind::other);
    EXPECT_EQ(kindOf([&] { connection->commit(); }), ErrorKind::other);
    EXPECT_EQ(count(), 0);
  }).join();
  connection->commit();
}

TEST_P(JoinedTransactionTest, ASessionInsideOutlivesTheTransactionOnlyAsAnError) {
  auto connection = begin();
  std::unique_ptr<Connection> inside;
  {
    const JoinScope scope(transaction_.get());
    inside = database_->lease(Access::write);
    inside->begin();
    inside->execute("INSERT INTO t (id) VALUES (1)", {});
  }
  EXPECT_EQ(kindOf([&] { connection->commit(); }), ErrorKind::syntax) << "a transaction inside is still open";
  inside->commit();
  connection->commit();
  EXPECT_EQ(kindOf([&] { inside->execute("INSERT INTO t (id) VALUES (2)", {}); }), ErrorKind::other);
  EXPECT_EQ(kindOf([&] { connection->execute("INSERT INTO t (id) VALUES (2)", {}); }), ErrorKind::other);
  inside.reset();
  EXPECT_EQ(count(), 1);
}

TEST_P(JoinedTransactionTest, OnlyAWriteTransactionIsJoinedAndOneAtATime) {
  EXPECT_EQ(kindOf([&] { database_->lease(Access::write)->join(); }), ErrorKind::syntax) << "nothing has begun";
  {
    const auto reader = database_->lease(Access::read);
    reader->begin();
    EXPECT_EQ(kindOf([&] { reader->join(); }), ErrorKind::syntax);
  }
  const auto connection = begin();
  EXPECT_EQ(connection->join(), transaction_);
}

TEST_P(JoinedTransactionTest, ABoundaryHidesTheOuterOneAndEndsWhatIsLeftOpen) {
  std::unique_ptr<Connection> forgotten;
  {
    const TransactionBoundary boundary("handle");
    forgotten = begin();
    forgotten->execute("INSERT INTO t (id) VALUES (1)", {});
  }
  EXPECT_FALSE(waitsForCommit());
  EXPECT_EQ(kindOf([&] { forgotten->commit(); }), ErrorKind::other);
  EXPECT_EQ(count(), 0);
  const auto outer = begin();
  if (GetParam() == Backend::postgresql) {
    const TransactionBoundary boundary("event");
    EXPECT_FALSE(waitsForCommit());
    serviceInserts(5);
  }
  EXPECT_TRUE(waitsForCommit());
  outer->rollback();
  EXPECT_EQ(count(), GetParam() == Backend::postgresql ? 1 : 0);
}

TEST_P(JoinedTransactionTest, AProcessThatIsKilledBeforeTheCommitLeavesNothingHalf) {
  const pid_t child = ::fork();
  if (child == 0) {
    database_.release();  // its threads and sockets belong to the parent
    database_ = Database::open(options_);
    const auto connection = begin();
    connection->execute("INSERT INTO t (id) VALUES (1)", {});
    {
      const JoinScope scope(transaction_.get());
      serviceInserts(2);
    }
    ::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  EXPECT_EQ(count(), 0);
  serviceInserts(1);
  EXPECT_EQ(count(), 1) << "and the next writer finds no lock";
}

TEST_P(JoinedTransactionTest, ALockLetsOneTransactionAtATimeCountOn) {
  constexpr int kWriters = 16, kEach = 10;
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int i = 0; i < kWriters; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < kEach; ++n) {
        try {
          database_->transaction([&](Connection& connection) {
            connection.lock("t.id");
            std::int64_t next = 0;
            {
              const auto rows = connection.query("SELECT COALESCE(MAX(id), 0) + 1 FROM t", {}, kInteger);
              rows->next();
              next = rows->integer(0);
            }
            connection.execute("INSERT INTO t (id) VALUES (:id)", {{"id", next}});
          });
        } catch (const Error&) {
          ++failures;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(count(), kWriters * kEach);
  EXPECT_EQ(kindOf([&] { database_->lease(Access::write)->lock("t.id"); }), ErrorKind::syntax) << "no transaction";
}

TEST_P(JoinedTransactionTest, ALostRaceIsRemembered) {
  if (GetParam() == Backend::sqlite) GTEST_SKIP() << "one writer, no race";
  serviceInserts(1);
  const auto connection = begin();
  connection->executeScript("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
  connection->query("SELECT id FROM t", {}, kInteger)->next();
  std::thread([&] {
    database_->transaction([](Connection& other) { other.execute("UPDATE t SET id = id + 10", {}); });
  }).join();
  EXPECT_FALSE(connection->lost());
  const JoinScope scope(transaction_.get());
  EXPECT_EQ(
      kindOf([&] { database_->transaction([](Connection& inner) { inner.execute("UPDATE t SET id = id + 1", {}); }); }),
      ErrorKind::serialization);
  EXPECT_TRUE(connection->lost()) << "whatever the caller did with the error";
  EXPECT_EQ(kindOf([&] { serviceInserts(5); }), ErrorKind::serialization) << "only a new attempt helps";
}

}  // namespace
}  // namespace mortise::db
