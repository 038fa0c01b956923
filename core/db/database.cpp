#include "core/db/database.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>

#include "core/base/identifiers.hpp"
#include "core/base/unique_fd.hpp"
#include "core/db/fair_pool.hpp"
#include "core/db/joined_transaction.hpp"
#include "core/db/leased_connection.hpp"
#include "core/db/postgres_connection.hpp"
#include "core/db/sqlite_connection.hpp"
#include "core/ops/log.hpp"

namespace mortise::db {
namespace {

using Clock = std::chrono::steady_clock;

Error exhausted(const char* what, std::chrono::milliseconds waited) {
  return Error(ErrorKind::unavailable, std::string("no ") + what + " came free within " +
                                           std::to_string(waited.count()) +
                                           " ms; raise db.connections or shorten transactions");
}

// Connections of one kind: opened when first needed, discarded when broken.
template <typename Backing>
class Connections {
 public:
  explicit Connections(std::size_t count) : pool_(count), slots_(count) {}

  // The slot's connection, opened by `open` when the slot has no usable one. nullopt: no slot became free.
  template <typename Open>
  std::optional<std::size_t> lease(Clock::time_point deadline, const Open& open) {
    const auto slot = pool_.acquire(deadline);
    if (!slot) return std::nullopt;
    std::unique_ptr<Backing>& connection = slots_[*slot];
    try {
      if (connection && !connection->alive()) connection.reset();
      if (!connection) connection = open();
    } catch (...) {
      pool_.release(*slot);
      throw;
    }
    return slot;
  }
  Backing& at(std::size_t slot) { return *slots_[slot]; }
  void release(std::size_t slot, bool usable) {
    if (!usable) slots_[slot].reset();
    pool_.release(slot);
  }
  // The slot as it is, with or without a connection.
  std::optional<std::size_t> take(Clock::time_point deadline) { return pool_.acquire(deadline); }
  bool open(std::size_t slot) { return slots_[slot] && slots_[slot]->alive(); }

 private:
  FairPool pool_;
  std::vector<std::unique_ptr<Backing>> slots_;  // only the holder of a slot touches it
};

constexpr std::string_view kSqlite = "sqlite:";

class SqliteDatabase final : public Database, public ConnectionPool {
 public:
  explicit SqliteDatabase(const Options& options)
      : Database(options.leaseTimeout), writers_(1), readers_(std::max<std::size_t>(1, options.connections)) {
    settings_.path = options.url.substr(kSqlite.size());
    settings_.synchronous = options.synchronous;
    settings_.busyTimeout = options.leaseTimeout;
    settings_.statementTimeout = options.statementTimeout;
    if (settings_.synchronous != "FULL" && settings_.synchronous != "NORMAL") {
      throw Error(ErrorKind::other, "db.synchronous must be FULL or NORMAL, not \"" + settings_.synchronous + '"');
    }
    // Creates the file here, so that no other user can read it even for a moment; its -wal and -shm files take the same
    // mode. Only when it is new, and closed before SQLite opens it: closing any descriptor of the file drops this
    // process's POSIX locks on it, and the next program that opened and closed the database would remove the
    // write-ahead log.
    if (!UniqueFd(::open(settings_.path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600)) && errno != EEXIST) {
      throw Error(errno == ENOSPC ? ErrorKind::full : ErrorKind::unavailable,
                  options.url + " can't be opened: " + std::strerror(errno));
    }
    connect(Access::write, options.leaseTimeout).reset();
  }

  Backend backend() const override { return Backend::sqlite; }

  std::unique_ptr<Connection> connect(Access access, std::chrono::milliseconds timeout) override {
    if (access == Access::write && transactionBy_.load() == std::this_thread::get_id())
      throw Error(
          ErrorKind::other,
          "this thread is inside a transaction and asks for another session to write: SQLite has one writer, so "
          "it would wait for itself; work in the transaction, or after it");
    Connections<SqliteConnection>& from = of(access);
    const auto slot =
        from.lease(Clock::now() + timeout, [&] { return std::make_unique<SqliteConnection>(settings_, access); });
    if (!slot) throw exhausted(access == Access::write ? "turn to write" : "database reader", timeout);
    return std::make_unique<LeasedConnection>(*this, from.at(*slot), access, *slot);
  }

  std::string trouble(std::chrono::milliseconds timeout) override {
    try {
      const auto connection = lease(Access::read, timeout);
      static constexpr ColumnType kColumns[] = {ColumnType::integer};
      connection->query("SELECT count(*) FROM sqlite_master", {}, kColumns)->next();
      return {};
    } catch (const Error& error) {
      return error.what();
    }
  }

  void backupTo(const std::string& path) override { SqliteConnection(settings_, Access::read).copyInto(path); }

 private:
  Connections<SqliteConnection>& of(Access access) { return access == Access::write ? writers_ : readers_; }
  void release(Access access, std::size_t slot, bool usable) override { of(access).release(slot, usable); }
  void notice(bool inTransaction) override {
    transactionBy_.store(inTransaction ? std::this_thread::get_id() : std::thread::id());
  }
  Database& database() override { return *this; }

  SqliteSettings settings_;
  std::atomic<std::thread::id> transactionBy_{};  // the thread that holds the one write transaction
  Connections<SqliteConnection> writers_;
  Connections<SqliteConnection> readers_;
};

class PostgresDatabase final : public Database, public ConnectionPool {
 public:
  explicit PostgresDatabase(const Options& options)
      : Database(options.leaseTimeout),
        settings_(postgresSettings(options)),
        connections_(std::max<std::size_t>(1, options.connections)) {
    connect(Access::write, options.leaseTimeout).reset();
  }

  Backend backend() const override { return Backend::postgresql; }

  std::unique_ptr<Connection> connect(Access access, std::chrono::milliseconds timeout) override {
    const auto slot = connections_.lease(
        Clock::now() + timeout, [&] { return std::make_unique<PostgresConnection>(settings_, watchdog_, moves_); });
    if (!slot) throw exhausted("database connection", timeout);
    return std::make_unique<LeasedConnection>(*this, connections_.at(*slot), access, *slot);
  }

  std::string trouble(std::chrono::milliseconds timeout) override {
    const auto deadline = Clock::now() + timeout;
    // Opening a connection through SOCI may take longer than the caller allows, so only an open one is used.
    const auto slot = connections_.take(deadline);
    if (!slot) return exhausted("database connection", timeout).what();
    const auto left = [&] {
      return std::max(std::chrono::milliseconds(1),
                      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()));
    };
    const bool standing = connections_.open(*slot);
    auto reason = standing ? connections_.at(*slot).trouble(left()) : postgresTrouble(settings_, left());
    connections_.release(*slot, reason.empty() || !standing);
    return reason;
  }

  void backupTo(const std::string&) override {
    throw Error(ErrorKind::other, "the database is on PostgreSQL: back it up with pg_dump");
  }

 private:
  void release(Access, std::size_t slot, bool usable) override { connections_.release(slot, usable); }
  Database& database() override { return *this; }

  const PostgresSettings settings_;
  Watchdog watchdog_;  // outlives the connections that it watches
  PostgresMoves moves_{0};
  Connections<PostgresConnection> connections_;
};

}  // namespace

std::unique_ptr<Database> Database::open(const Options& options) {
  checkUrl(options.url);
  if (options.url.starts_with(kSqlite)) return std::make_unique<SqliteDatabase>(options);
  return std::make_unique<PostgresDatabase>(options);
}

void Database::checkUrl(std::string_view url) {
  if (url.starts_with(kSqlite)) {
    const auto path = url.substr(kSqlite.size());
    if (path.empty() || path == ":memory:") {
      throw Error(ErrorKind::other,
                  std::string(url) + ": a file is needed, since several connections share the database");
    }
  } else if (!url.starts_with("postgresql:") && !url.starts_with("postgres:")) {
    throw Error(ErrorKind::other, "db.url must begin with sqlite: or postgresql:");
  }
}

std::string Database::product() {
  static constexpr ColumnType kColumns[] = {ColumnType::text};
  const auto connection = lease(Access::read);
  const auto rows = connection->query(
      backend() == Backend::sqlite ? "SELECT 'SQLite ' || sqlite_version()" : "SELECT version()", {}, kColumns);
  if (!rows->next()) throw Error(ErrorKind::other, "the database does not tell its version");
  const std::string said(rows->text(0));  // "PostgreSQL 15.8 (Debian 15.8-0+deb12u1) on x86_64-pc-linux-gnu, ..."
  return said.substr(0, said.find(' ', said.find(' ') + 1));
}

std::unique_ptr<Connection> Database::lease(Access access, std::chrono::milliseconds timeout) {
  if (const auto open = JoinedTransaction::ofThisThread(*this); open != nullptr) {
    if (JoinedTransaction::takesPart()) return open->connection();
    if (access == Access::write)
      throw Error(ErrorKind::other,
                  "this thread has a joined transaction open and asks for another session to write; take part in the "
                  "transaction (in(tx)), or work after it");
  }
  return connect(access, timeout);
}

void Database::transaction(const std::function<void(Connection&)>& work) {
  if (JoinedTransaction::takesPart() && JoinedTransaction::ofThisThread(*this) != nullptr) {
    const auto connection = lease(Access::write);
    connection->begin();
    work(*connection);
    connection->commit();
    return;
  }
  constexpr int kAttempts = 5;
  for (int attempt = 1;; ++attempt) {
    try {
      const auto connection = lease(Access::write);
      connection->begin();
      work(*connection);
      connection->commit();
      return;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::serialization || attempt == kAttempts) throw;
    }
    // Transactions that wait equally long would collide again.
    const auto jitter = static_cast<unsigned char>(randomBytes(1)[0]);
    std::this_thread::sleep_for(std::chrono::microseconds((1000 << attempt) + jitter * (10 << attempt)));
  }
}

}  // namespace mortise::db
