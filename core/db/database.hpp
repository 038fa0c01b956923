// SQL for the kernel and, through db/1, for modules: one code path for SQLite and PostgreSQL over SOCI.
// Portable SQL, named parameters (":name") only, 64-bit integers only; statements are prepared once per connection.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "core/db/sql.hpp"

namespace mortise::db {

class JoinedTransaction;

// One leased connection; used by one thread at a time. Destroying it rolls back uncommitted work and returns it to the
// pool.
class Connection {
 public:
  virtual ~Connection() = default;
  // The caller states the type of each result column (independent of the database; NULL is always allowed). Only one
  // Rows may be open per Connection and statement text.
  virtual std::unique_ptr<Rows> query(std::string_view sql, const Parameters& parameters,
                                      std::span<const ColumnType> columns) = 0;
  virtual std::int64_t execute(std::string_view sql, const Parameters& parameters) = 0;  // rows changed
  virtual void executeScript(std::string_view sql) = 0;  // migrations: several statements, no parameters
  // The same for a script that is not the kernel's, inside a transaction, which it can't end; returns the names (lower
  // case) of the tables, views and triggers that the script reads, changes, defines or removes, or that what it defines
  // leads to, without those of the database itself; " (in ...)" may follow. What it makes or sets for itself is undone.
  virtual std::set<std::string> executeScriptNaming(std::string_view sql) = 0;
  virtual void begin() = 0;
  virtual void commit() = 0;
  virtual void rollback() = 0;

  // Makes the open transaction one in which several callers write, bound to this thread until it ends: see
  // joined_transaction.hpp. commit() and rollback() then end this connection. Throws Error when no transaction is open,
  // when the connection only reads, or when the thread has a joined transaction already. A second call returns the same
  // one.
  virtual std::shared_ptr<JoinedTransaction> join() = 0;
  // Waits until no other transaction holds `name`, and holds it until this one ends. Throws Error without an open
  // transaction. On SQLite it returns at once, because only one write transaction exists at a time.
  virtual void lock(std::string_view name) = 0;
  // True when a statement or the commit of the open transaction lost a race: run the transaction again from its
  // beginning.
  virtual bool lost() const = 0;
};

enum class Access : std::uint8_t { read, write };
enum class Backend : std::uint8_t { sqlite, postgresql };

struct Options {
  std::string url;  // "sqlite:/path/to.db", "postgresql://user@host/db?..." or "postgresql:host=... dbname=..."
  std::size_t connections = 8;  // readers (SQLite) or connections (PostgreSQL)
  std::chrono::milliseconds leaseTimeout{2000};
  std::string synchronous = "FULL";  // SQLite: FULL | NORMAL
  std::chrono::milliseconds statementTimeout{
      30000};  // a statement that takes longer fails as unavailable; 0 = no limit
};

class Database {
 public:
  virtual ~Database() = default;
  // Opens the pool. Throws Error that names the URL (without its password) and the reason.
  static std::unique_ptr<Database> open(const Options& options);
  // Throws Error{other} when open() can make nothing of `url`; opens nothing.
  static void checkUrl(std::string_view url);

  virtual Backend backend() const = 0;
  // "SQLite 3.40.1", "PostgreSQL 15.8". Asks PostgreSQL: throws Error{unavailable} when that does not answer.
  std::string product();
  // Waits at most the lease timeout; throws Error{unavailable}. A write connection on SQLite holds the one writer. On a
  // thread with a joined transaction: inside a JoinScope, returns a connection of that transaction; outside, a write
  // lease throws Error{other} at once, since it would wait for itself or commit separately. On SQLite, so does a second
  // write lease inside the thread's own transaction.
  std::unique_ptr<Connection> lease(Access access) { return lease(access, leaseTimeout_); }
  std::unique_ptr<Connection> lease(Access access, std::chrono::milliseconds timeout);
  // Runs `work` inside one write transaction, and again (at most 5 times, with jitter) when it lost a race. Commits on
  // return, rolls back on an exception. Inside a joined transaction: once, in a savepoint.
  void transaction(const std::function<void(Connection&)>& work);
  // Asks the database, within `timeout`, whether it answers, and PostgreSQL also whether it takes writes. Returns an empty
  // text when it does, else the reason.
  virtual std::string trouble(std::chrono::milliseconds timeout) = 0;
  // SQLite: online backup into `path` (consistent, other writers go on); PostgreSQL: throws (use pg_dump).
  virtual void backupTo(const std::string& path) = 0;

 protected:
  explicit Database(std::chrono::milliseconds leaseTimeout) : leaseTimeout_(leaseTimeout) {}
  // Leases a pooled connection, without regard to joined transactions.
  virtual std::unique_ptr<Connection> connect(Access access, std::chrono::milliseconds timeout) = 0;

 private:
  const std::chrono::milliseconds leaseTimeout_;
};

}  // namespace mortise::db
