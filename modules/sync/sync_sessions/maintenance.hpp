// The upkeep of the server's database: checks it for damage and refreshes its statistics.
#pragma once

#include <mortise/db.hpp>
#include <mortise/jobs.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace sync_sessions {

// On SQLite a quick check of every table and PRAGMA optimize; on PostgreSQL the count of checksum failures, and
// ANALYZE. Throws db::Error. [worker]
class Maintenance {
 public:
  explicit Maintenance(mortise::Db db) : db_(db) {}

  struct Result {
    std::string database;               // "sqlite", "postgresql"
    std::int64_t tables = 0;            // checked
    std::vector<std::string> findings;  // damage; empty: none
    bool finished = true;               // false: asked to stop
  };
  // Asks `stop` between tables.
  Result run(const std::function<bool()>& stop, const std::function<void(std::int64_t)>& progress) const;
  // The name of the session's target.
  std::string database() const { return db_.isSqlite() ? "sqlite" : "postgresql"; }

 private:
  void checkSqlite(Result& result, const std::function<bool()>& stop,
                   const std::function<void(std::int64_t)>& progress) const;
  void checkPostgresql(Result& result) const;

  mortise::Db db_;
};

}  // namespace sync_sessions
