// The connection of one backend: its prepared statements, and the operations in which the backends differ. Used by one
// thread at a time.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/db/database.hpp"
#include "core/db/prepared_statement.hpp"

namespace mortise::db {

// Of a script that is run by scriptNaming().
constexpr const char* kOwnTransaction =
    "the kernel runs each migration in a transaction of its own; remove BEGIN, COMMIT, ROLLBACK and SAVEPOINT";

class DriverConnection {
 public:
  virtual ~DriverConnection() = default;

  // A statement ready to run with these values. Throws Error for invalid parameters, and with the database's message
  // for invalid SQL.
  PreparedStatement& prepared(std::string_view sql, const Parameters& parameters, std::span<const ColumnType> columns);
  // Releases what a finished or abandoned statement holds (locks, result memory).
  virtual void reset(PreparedStatement& statement) = 0;

  // Runs with the statement deadline armed; throws Error.
  bool run(PreparedStatement& statement);                          // true when the columns hold a first row
  bool fetch(PreparedStatement& statement);                        // the next row
  virtual std::int64_t changed(PreparedStatement& statement) = 0;  // rows changed by the last run

  virtual void script(std::string_view sql) = 0;
  virtual std::set<std::string> scriptNaming(std::string_view sql) = 0;  // Connection::executeScriptNaming()
  virtual void begin(Access access) = 0;
  virtual void commit() = 0;
  virtual void rollback() = 0;
  virtual bool inTransaction() = 0;
  // Cheap: false when the server is known to be gone, or to be the wrong one; the pool then opens a new connection.
  virtual bool alive() = 0;

 protected:
  virtual soci::session& session() = 0;
  virtual void arm() = 0;  // statement deadline from now
  virtual void disarm() = 0;
  // Names of the statement's parameters, in any order, and whether it changes data.
  virtual std::vector<std::string> parameterNames(PreparedStatement& statement) = 0;
  virtual bool changesData(PreparedStatement& statement) = 0;
  // The meaning of a failure; reads the connection's own state.
  virtual Error translated(const soci::soci_error& error) = 0;
  // Whether the server keeps prepared statements for this connection.
  virtual PreparedStatement::Caching caching() const { return PreparedStatement::Caching::byServer; }
  // True when a prepared statement has become invalid and must be prepared again.
  virtual bool stale() const { return false; }

  void forgetStatements();

 private:
  // Keeps the statement deadline armed while it exists.
  class Armed {
   public:
    explicit Armed(DriverConnection& connection) : connection_(connection) { connection_.arm(); }
    ~Armed() { connection_.disarm(); }
    Armed(const Armed&) = delete;
    Armed& operator=(const Armed&) = delete;

   private:
    DriverConnection& connection_;
  };

  struct CachedStatement;
  using Order = std::list<CachedStatement>;
  struct CachedStatement {
    std::string sql;
    std::unique_ptr<PreparedStatement> statement;
  };

  std::unique_ptr<PreparedStatement> prepare(std::string_view sql, const Parameters& parameters,
                                             std::span<const ColumnType> columns);
  void drop(PreparedStatement& statement);
  void release(std::unique_ptr<PreparedStatement>& statement);

  Order order_;                                                  // most recently used first
  std::unordered_map<std::string_view, Order::iterator> bySql_;  // views into order_
};

}  // namespace mortise::db
