#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <thread>

#include "core/base/unique_fd.hpp"
#include "core/db/database.hpp"
#include "tests/peers/process.hpp"

namespace mortise::db {
namespace {

using namespace std::chrono_literals;

constexpr ColumnType kInteger[] = {ColumnType::integer};
constexpr ColumnType kText[] = {ColumnType::text};

class SqliteTest : public testing::Test {
 protected:
  std::unique_ptr<Database> open(std::chrono::milliseconds leaseTimeout = 2000ms) {
    Options options;
    options.url = "sqlite:" + path();
    options.leaseTimeout = leaseTimeout;
    return Database::open(options);
  }
  std::string path() const { return directory_.path() + "/with blank.db"; }
  static std::string pragma(Connection& connection, const std::string& name) {
    const auto rows = connection.query("SELECT CAST(" + name + " AS TEXT) FROM pragma_" + name, {}, kText);
    return rows->next() ? std::string(rows->text(0)) : "none";
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

  peers::TempDirectory directory_{"mortise-sqlite"};
};

TEST_F(SqliteTest, AFailedStatementLeavesNoValueToItsNextRun) {
  const auto database = open();
  const auto connection = database->lease(Access::write);
  connection->executeScript("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, word TEXT)");
  const auto insert = [&](std::int64_t id, const Value& n, const Value& word) {
    connection->execute("INSERT INTO t VALUES (:id, :n, :word)", {{"id", id}, {"n", n}, {"word", word}});
  };
  insert(1, std::int64_t{7}, std::string("mine"));
  EXPECT_THROW(insert(1, std::int64_t{8}, std::string("secret")), Error);
  insert(2, Value(), Value());
  constexpr ColumnType kCount[] = {ColumnType::integer};
  const auto rows = connection->query("SELECT count(*) FROM t WHERE id = 2 AND n IS NULL AND word IS NULL", {}, kCount);
  ASSERT_TRUE(rows->next());
  EXPECT_EQ(rows->integer(0), 1);
}

TEST_F(SqliteTest, TheFileIsForItsOwnerOnly) {
  const auto database = open();
  database->lease(Access::write)->executeScript("CREATE TABLE t (x)");
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat facts {};
    ASSERT_EQ(::stat((path() + suffix).c_str(), &facts), 0) << suffix;
    EXPECT_EQ(facts.st_mode & 0777, 0600u) << suffix;
  }
}

TEST_F(SqliteTest, ConnectionsAreSetUpAsPromised) {
  const auto database = open();
  const auto writer = database->lease(Access::write);
  EXPECT_EQ(pragma(*writer, "journal_mode"), "wal");
  EXPECT_EQ(pragma(*writer, "synchronous"), "2");
  EXPECT_EQ(pragma(*writer, "foreign_keys"), "1");
  const auto reader = database->lease(Access::read);
  EXPECT_EQ(pragma(*reader, "query_only"), "1");
  EXPECT_THROW(reader->execute("CREATE TABLE t (x)", {}), Error);
}

// Checks that another program leaves the write-ahead log alone when it closes the file.
TEST_F(SqliteTest, TheFileStaysLockedForOtherProcesses) {
  const auto database = open();
  { const auto second = open(); }  // another pool of this process, opened and closed
  const std::string file = path();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const int fd = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = 0x40000002;  // SHARED_FIRST, SHARED_SIZE of SQLite's file format
    lock.l_len = 510;
    const bool asked = fd >= 0 && ::fcntl(fd, F_GETLK, &lock) == 0;
    ::_exit(!asked ? 2 : lock.l_type == F_RDLCK ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << "1: the lock is free; 2: its state can't be read";
}

TEST_F(SqliteTest, ReadersGoOnWhileAWriterWorks) {
  const auto database = open();
  const auto writer = database->lease(Access::write);
  writer->executeScript("CREATE TABLE t (x INTEGER)");
  writer->begin();
  writer->execute("INSERT INTO t VALUES (1)", {});
  const auto reader = database->lease(Access::read);
  const auto rows = reader->query("SELECT count(*) FROM t", {}, kInteger);
  ASSERT_TRUE(rows->next());
  EXPECT_EQ(rows->integer(0), 0);
}

TEST_F(SqliteTest, WritersTakeTurnsInTheOrderTheyCame) {
  const auto database = open();
  auto first = database->lease(Access::write);
  std::vector<int> order;
  std::vector<std::thread> threads;
  std::atomic<int> started{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      while (started != i) std::this_thread::yield();
      started = i + 1;
      const auto connection = database->lease(Access::write, 20s);
      order.push_back(i);  // guarded by the one writer
    });
    while (started != i + 1) std::this_thread::yield();
    std::this_thread::sleep_for(200ms);  // into the queue
  }
  first.reset();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3}));
}

TEST_F(SqliteTest, ALockOfAnotherProcessIsUnavailable) {
  const auto database = open(50ms);
  const auto other = open(50ms);  // its own connections, like another process
  const auto holder = other->lease(Access::write);
  holder->begin();
  const auto connection = database->lease(Access::write);
  std::string text;
  EXPECT_EQ(kindOf([&] { connection->begin(); }, &text), ErrorKind::unavailable);
  EXPECT_NE(text.find("locked"), std::string::npos) << text;
  holder->rollback();
  EXPECT_NO_THROW(connection->begin());
}

TEST_F(SqliteTest, AnAbandonedReadHoldsNothing) {
  const auto database = open();
  database->lease(Access::write)->executeScript("CREATE TABLE t (x INTEGER); INSERT INTO t VALUES (1), (2), (3)");
  {
    const auto reader = database->lease(Access::read);
    const auto rows = reader->query("SELECT x FROM t", {}, kInteger);
    ASSERT_TRUE(rows->next());
  }
  // A checkpoint that must finish meets no reader.
  const auto writer = database->lease(Access::write);
  const auto rows = writer->query("SELECT 1", {}, kInteger);
  rows->next();
  writer->executeScript("INSERT INTO t VALUES (4); PRAGMA wal_checkpoint(TRUNCATE)");
  struct stat facts {};
  ASSERT_EQ(::stat((path() + "-wal").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_size, 0);
}

TEST_F(SqliteTest, BadUrlsAndFilesAreNamed) {
  Options options;
  std::string text;
  for (const char* url : {"sqlite:", "sqlite::memory:", "mysql://h/d", ""}) {
    options.url = url;
    EXPECT_EQ(kindOf([&] { Database::open(options); }), ErrorKind::other) << url;
  }
  options.url = "sqlite:/no/such/dir/x.db";
  EXPECT_EQ(kindOf([&] { Database::open(options); }, &text), ErrorKind::unavailable);
  EXPECT_EQ(text, "sqlite:/no/such/dir/x.db can't be opened: No such file or directory");
  std::ofstream(path())
      << "this is no database, though it is long enough to look like a file with some content in it.....";
  EXPECT_EQ(kindOf([&] { open(); }, &text), ErrorKind::other);
  EXPECT_NE(text.find("file is not a database"), std::string::npos) << text;
}

TEST_F(SqliteTest, OnlyNamedParametersAreTaken) {
  const auto database = open();
  const auto connection = database->lease(Access::write);
  EXPECT_EQ(kindOf([&] { connection->query("SELECT ?", {}, kInteger); }), ErrorKind::syntax);
  EXPECT_EQ(kindOf([&] { connection->query("SELECT @x", {{"x", std::int64_t{1}}}, kInteger); }), ErrorKind::syntax);
}

TEST_F(SqliteTest, BackupIsConsistentWhileWritersGoOn) {
  const auto database = open();
  database->lease(Access::write)->executeScript("CREATE TABLE t (a INTEGER, b INTEGER)");
  std::atomic<bool> stop{false};
  std::atomic<int> written{0};
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      database->transaction([&](Connection& connection) {
        connection.execute("INSERT INTO t VALUES (:i, 0)", {{"i", std::int64_t{i}}});
        connection.execute("UPDATE t SET b = :i", {{"i", std::int64_t{i}}});
      });
      ++written;
    }
  });
  while (written < 20) std::this_thread::yield();
  const std::string copy = directory_.path() + "/copy.db";
  database->backupTo(copy);
  stop = true;
  writer.join();
  struct stat facts {};
  ASSERT_EQ(::stat(copy.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
  Options options;
  options.url = "sqlite:" + copy;
  const auto restored = Database::open(options);
  const auto connection = restored->lease(Access::read);
  const auto rows = connection->query("SELECT count(*), count(DISTINCT b), max(a) - max(b) FROM t", {},
                                      std::vector<ColumnType>(3, ColumnType::integer));
  ASSERT_TRUE(rows->next());
  EXPECT_GE(rows->integer(0), 20);
  EXPECT_EQ(rows->integer(1), 1);
  EXPECT_EQ(rows->integer(2), 0);
  std::string text;
  EXPECT_EQ(kindOf([&] { database->backupTo(copy); }, &text), ErrorKind::other);
  EXPECT_NE(text.find("File exists"), std::string::npos) << text;
}

TEST_F(SqliteTest, AFullDiskIsReportedAndSurvived) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounting a small file system needs root";
  const std::string mount = directory_.path() + "/small";
  ASSERT_EQ(::mkdir(mount.c_str(), 0755), 0);
  if (::mount("tmpfs", mount.c_str(), "tmpfs", 0, "size=2m") != 0) GTEST_SKIP() << "mounting is not allowed here";
  struct Unmount {
    std::string at;
    ~Unmount() { ::umount2(at.c_str(), MNT_DETACH); }
  } unmount{mount};
  Options options;
  options.url = "sqlite:" + mount + "/t.db";
  {
    const auto database = Database::open(options);
    database->lease(Access::write)
        ->executeScript("CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT); INSERT INTO t VALUES (0, 'kept')");
    const std::string ballast = mount + "/ballast";
    {
      const UniqueFd file(::open(ballast.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
      const std::string block(64 << 10, 'b');
      for (int i = 0; i < 16; ++i) {
        if (::write(file.get(), block.data(), block.size()) < 0) break;
      }
    }
    const auto fill = [&] {
      database->transaction([&](Connection& connection) {
        for (int i = 0; i < 40; ++i)
          connection.execute("INSERT INTO t (x) VALUES (:x)", {{"x", std::string(100'000, 'x')}});
      });
    };
    EXPECT_EQ(kindOf(fill), ErrorKind::full);
    const auto reader = database->lease(Access::read);
    EXPECT_TRUE(reader->query("SELECT count(*) FROM t", {}, kInteger)->next());
    const auto connection = database->lease(Access::write);
    EXPECT_EQ(kindOf([&] {
                for (int i = 0; i < 40; ++i)
                  connection->execute("INSERT INTO t (x) VALUES (:x)", {{"x", std::string(100'000, 'x')}});
              }),
              ErrorKind::full);
    ASSERT_EQ(::unlink(ballast.c_str()), 0);
    EXPECT_NO_THROW(connection->execute("INSERT INTO t (x) VALUES (:x)", {{"x", std::string("after")}}));
    const auto rows = connection->query("SELECT count(*) FROM t WHERE x IN ('kept', 'after')", {}, kInteger);
    ASSERT_TRUE(rows->next());
    EXPECT_EQ(rows->integer(0), 2);
  }
}

}  // namespace
}  // namespace mortise::db
