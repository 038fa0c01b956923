// The connection that Database::lease() returns.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/db/database.hpp"
#include "core/db/driver_connection.hpp"
#include "core/db/joined_transaction.hpp"

namespace mortise::db {

// The owner of the connections, which takes them back.
class ConnectionPool {
 public:
  virtual ~ConnectionPool() = default;
  // `usable` is false when the connection must be discarded.
  virtual void release(Access access, std::size_t slot, bool usable) = 0;
  // Tells whether the calling thread now works in a write transaction of this connection.
  virtual void notice(bool /*inTransaction*/) {}
  virtual Database& database() = 0;
};

class ResultRows;

class LeasedConnection final : public Connection {
 public:
  LeasedConnection(ConnectionPool& pool, DriverConnection& driver, Access access, std::size_t slot)
      : pool_(pool), driver_(&driver), access_(access), slot_(slot) {}
  ~LeasedConnection() override;

  std::unique_ptr<Rows> query(std::string_view sql, const Parameters& parameters,
                              std::span<const ColumnType> columns) override;
  std::int64_t execute(std::string_view sql, const Parameters& parameters) override;
  void executeScript(std::string_view sql) override;
  std::set<std::string> executeScriptNaming(std::string_view sql) override;
  void begin() override;
  void commit() override;
  void rollback() override;
  std::shared_ptr<JoinedTransaction> join() override;
  void lock(std::string_view name) override;
  bool lost() const override { return lost_; }

 private:
  friend class ResultRows;
  void closed(ResultRows* rows);
  // Throws Error after release(), and in a joined transaction of another thread.
  DriverConnection& driver();
  // Runs one step and records whether it lost a race.
  template <typename Step>
  auto step(Step step) {
    DriverConnection& used = driver();
    try {
      return step(used);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::serialization) lost_ = true;
      throw;
    }
  }
  // Rolls back and returns the connection to the pool. Later calls are errors.
  void release() noexcept;

  ConnectionPool& pool_;
  DriverConnection* driver_;  // null once it was released
  std::shared_ptr<JoinedTransaction> joined_;
  bool lost_ = false;
  bool began_ = false;
  const Access access_;
  const std::size_t slot_;
  std::vector<ResultRows*> open_;
};

}  // namespace mortise::db
