// SQL for the kernel and, through db/1, for modules: one code path for SQLite and PostgreSQL over SOCI.
// Portable SQL, named parameters (":name") only, 64-bit integers only, statements prepared once per connection and
// kept.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace mortise::db {

using Value = std::variant<std::monostate, std::int64_t, double, std::string>;
using Parameters = std::vector<std::pair<std::string_view, Value>>;

enum class ColumnType : std::uint8_t { integer, real, text };

enum class ErrorKind : std::uint8_t {
  unavailable,    // no connection, pool exhausted within the deadline, database locked: 503, try again
  full,           // disk or quota full: 507
  unique,         // a UNIQUE or PRIMARY KEY constraint refused the row
  constraint,     // any other constraint
  serialization,  // the transaction lost a race; run it again
  syntax,         // our mistake
  other,
};

class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& text) : std::runtime_error(text), kind_(kind) {}
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

// Result of one query, read row by row. Views are valid until the next next(). Lives no longer than its Session.
class Rows {
 public:
  virtual ~Rows() = default;
  virtual bool next() = 0;
  virtual std::size_t columns() const = 0;
  virtual bool isNull(std::size_t column) const = 0;
  virtual std::int64_t integer(std::size_t column) const = 0;
  virtual double real(std::size_t column) const = 0;
  virtual std::string_view text(std::size_t column) const = 0;
};

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
  // Waits at most the lease timeout; throws Error{unavailable}. A write session on SQLite holds the one writer.
  virtual std::unique_ptr<Session> lease(Access access) = 0;
  virtual std::unique_ptr<Session> lease(Access access, std::chrono::milliseconds timeout) = 0;
  // Runs `work` inside one write transaction, again (at most 5 times, with jitter) when it lost a race. Commits on
  // return, rolls back on throw.
  void transaction(const std::function<void(Session&)>& work);
  // SELECT 1 with a deadline. False when the database does not answer.
  virtual bool ping(std::chrono::milliseconds timeout) = 0;
  // SQLite: online backup into `path` (consistent, other writers go on); PostgreSQL: throws (use pg_dump).
  virtual void backupTo(const std::string& path) = 0;
};

}  // namespace mortise::db
