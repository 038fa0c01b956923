// A leased connection as callers see it.
#pragma once

#include <cstddef>
#include <vector>

#include "core/db/connection.hpp"
#include "core/db/database.hpp"

namespace mortise::db {

class Lessor {
 public:
  virtual ~Lessor() = default;
  // `usable` is false when the connection must be thrown away.
  virtual void giveBack(Access access, std::size_t slot, bool usable) = 0;
};

class ResultRows;

class LeasedSession final : public Session {
 public:
  LeasedSession(Lessor& lessor, Connection& connection, Access access, std::size_t slot)
      : lessor_(lessor), connection_(connection), access_(access), slot_(slot) {}
  ~LeasedSession() override;

  std::unique_ptr<Rows> query(std::string_view sql, const Parameters& parameters,
                              std::span<const ColumnType> columns) override;
  std::int64_t execute(std::string_view sql, const Parameters& parameters) override;
  void executeScript(std::string_view sql) override;
  void begin() override;
  void commit() override;
  void rollback() override;

 private:
  friend class ResultRows;
  void closed(ResultRows* rows);

  Lessor& lessor_;
  Connection& connection_;
  const Access access_;
  const std::size_t slot_;
  std::vector<ResultRows*> open_;
};

}  // namespace mortise::db
