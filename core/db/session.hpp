// A leased connection as callers see it.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "core/db/connection.hpp"
#include "core/db/database.hpp"
#include "core/db/joined_transaction.hpp"

namespace mortise::db {

// What a session returns its connection to.
class ConnectionPool {
 public:
  virtual ~ConnectionPool() = default;
  // `usable` is false when the connection must be thrown away.
  virtual void release(Access access, std::size_t slot, bool usable) = 0;
  // The calling thread works in a write transaction of this session, or does not any more.
  virtual void notice(bool /*inTransaction*/) {}
  virtual Database& database() = 0;
};

class ResultRows;

class LeasedSession final : public Session {
 public:
  LeasedSession(ConnectionPool& pool, Connection& connection, Access access, std::size_t slot)
      : pool_(pool), connection_(&connection), access_(access), slot_(slot) {}
  ~LeasedSession() override;

  std::unique_ptr<Rows> query(std::string_view sql, const Parameters& parameters,
                              std::span<const ColumnType> columns) override;
  std::int64_t execute(std::string_view sql, const Parameters& parameters) override;
  void executeScript(std::string_view sql) override;
  void begin() override;
  void commit() override;
  void rollback() override;
  std::shared_ptr<JoinedTransaction> join() override;
  void lock(std::string_view name) override;
  bool lost() const override { return lost_; }

 private:
  friend class ResultRows;
  void closed(ResultRows* rows);
  // Throws Error when it is released, or a joined transaction that belongs to another thread.
  Connection& connection();
  // Runs one step and remembers whether it lost a race.
  template <typename Step>
  auto step(Step step) {
    Connection& used = connection();
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
  Connection* connection_;  // null once it was released
  std::shared_ptr<JoinedTransaction> joined_;
  bool lost_ = false;
  bool began_ = false;
  const Access access_;
  const std::size_t slot_;
  std::vector<ResultRows*> open_;
};

}  // namespace mortise::db
