// One connection of either backend: the statements kept on it and what differs between the two. Used by one thread at a
// time.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/db/database.hpp"
#include "core/db/kept_statement.hpp"

namespace mortise::db {

class Connection {
 public:
  virtual ~Connection() = default;

  // A statement ready to run with these values. Throws Error: our own checks, or what the database says of the SQL.
  KeptStatement& prepared(std::string_view sql, const Parameters& parameters, std::span<const ColumnType> columns);
  // Gives up what a finished or abandoned statement still holds (locks, result memory).
  virtual void reset(KeptStatement& statement) = 0;

  // Runs with the statement deadline armed; throws Error.
  bool run(KeptStatement& statement);                          // true when a first row stands in its columns
  bool fetch(KeptStatement& statement);                        // the next row
  virtual std::int64_t changed(KeptStatement& statement) = 0;  // rows changed by the last run

  virtual void script(std::string_view sql) = 0;
  virtual void begin(Access access) = 0;
  virtual void commit() = 0;
  virtual void rollback() = 0;
  virtual bool inTransaction() = 0;
  // Cheap: false when the other side is known to be gone; the pool then opens a new one.
  virtual bool alive() = 0;

 protected:
  virtual soci::session& session() = 0;
  virtual void arm() = 0;  // statement deadline from now
  virtual void disarm() = 0;
  // Names that the prepared statement wants, in any order, and whether it changes data.
  virtual std::vector<std::string> wanted(KeptStatement& statement) = 0;
  virtual bool changesData(KeptStatement& statement) = 0;
  // What a failure means; looks at the connection's own state.
  virtual Error translated(const soci::soci_error& error) = 0;
  // True when a kept statement has gone stale and must be prepared anew next time.
  virtual bool stale() const { return false; }

  void forgetStatements();

 private:
  // The statement deadline holds while one lives.
  class Armed {
   public:
    explicit Armed(Connection& connection) : connection_(connection) { connection_.arm(); }
    ~Armed() { connection_.disarm(); }
    Armed(const Armed&) = delete;
    Armed& operator=(const Armed&) = delete;

   private:
    Connection& connection_;
  };

  struct Kept;
  using Order = std::list<Kept>;
  struct Kept {
    std::string sql;
    std::unique_ptr<KeptStatement> statement;
  };

  std::unique_ptr<KeptStatement> prepare(std::string_view sql, const Parameters& parameters,
                                         std::span<const ColumnType> columns);
  void drop(KeptStatement& statement);
  void release(std::unique_ptr<KeptStatement>& statement);

  Order order_;                                                  // most recently used first
  std::unordered_map<std::string_view, Order::iterator> bySql_;  // views into order_
};

}  // namespace mortise::db
