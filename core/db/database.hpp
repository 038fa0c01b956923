// SQL for the kernel and, through db/1, for modules: one code path for SQLite and PostgreSQL over SOCI.
// Portable SQL, named parameters (":name") only, 64-bit integers only, statements prepared once per connection and
// kept.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/db/sql.hpp"

namespace mortise::db {

class JoinedTransaction;

// One leased connection; belongs to one thread at a time. Destroying it rolls back what was not committed and gives it
// back.
class Session {
 public:
  virtual ~Session() = default;
  // The caller states the type of each result column (a database-independent contract; NULL is always allowed).
  // Only one Rows may be open per Session and statement text.
  virtual std::unique_ptr<Rows> query(std::string_view sql, const Parameters& parameters,
                                      std::span<const ColumnType> columns) = 0;
  virtual std::int64_t execute(std::string_view sql, const Parameters& parameters) = 0;  // rows changed
  virtual void executeScript(std::string_view sql) = 0;  // migrations: several statements, no parameters
  virtual void begin() = 0;
  virtual void commit() = 0;
  virtual void rollback() = 0;

  // Makes the open transaction one that several callers write in, bound to this thread until it ends: see
  // joined_transaction.hpp. commit() and rollback() then end this session. Throws Error when none is open, when the
  // session only reads, or when the thread has a joined transaction already. Once joined: the same one again.
  virtual std::shared_ptr<JoinedTransaction> join() = 0;
  // Waits until no other transaction holds `name`, and holds it to the end of this one. Throws Error without an open
  // transaction. SQLite: nothing to wait for, a write transaction is the only one.
  virtual void lock(std::string_view name) = 0;
  // True when a statement or the commit of the open transaction lost a race: run it again from its beginning.
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

  virtual Backend backend() const = 0;
  // "SQLite 3.40.1", "PostgreSQL 15.8". Asks PostgreSQL: throws Error{unavailable} when that does not answer.
  std::string product();
  // Waits at most the lease timeout; throws Error{unavailable}. A write session on SQLite holds the one writer. On a
  // thread with a joined transaction: a session inside it while a JoinScope lives; else a write session throws
  // Error{other} at once, since it would wait for itself or commit without the rest. So does, on SQLite, one that the
  // thread asks for inside its own transaction.
  std::unique_ptr<Session> lease(Access access) { return lease(access, leaseTimeout_); }
  std::unique_ptr<Session> lease(Access access, std::chrono::milliseconds timeout);
  // Runs `work` inside one write transaction, again (at most 5 times, with jitter) when it lost a race. Commits on
  // return, rolls back on throw. Inside a joined transaction: once, in a savepoint.
  void transaction(const std::function<void(Session&)>& work);
  // SELECT 1 with a deadline. False when the database does not answer.
  virtual bool ping(std::chrono::milliseconds timeout) = 0;
  // SQLite: online backup into `path` (consistent, other writers go on); PostgreSQL: throws (use pg_dump).
  virtual void backupTo(const std::string& path) = 0;

 protected:
  explicit Database(std::chrono::milliseconds leaseTimeout) : leaseTimeout_(leaseTimeout) {}
  // A session on a connection of its own.
  virtual std::unique_ptr<Session> connect(Access access, std::chrono::milliseconds timeout) = 0;

 private:
  const std::chrono::milliseconds leaseTimeout_;
};

}  // namespace mortise::db
