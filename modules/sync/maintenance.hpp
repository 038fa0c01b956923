// The upkeep of the server's database: is it sound, and are its statistics fresh?
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
    std::int64_t tables = 0;            // looked at
    std::vector<std::string> findings;  // what is damaged; empty: nothing
    bool finished = true;               // false: asked to stop
  };
  // Asks `stop` between tables.
  Result run(const std::function<bool()>& stop, const std::function<void(std::int64_t)>& progress) const;
  // What the target is called.
  std::string database() const { return db_.isSqlite() ? "sqlite" : "postgresql"; }

 private:
  void checkSqlite(Result& result, const std::function<bool()>& stop,
                   const std::function<void(std::int64_t)>& progress) const;
  void checkPostgresql(Result& result) const;

  mortise::Db db_;
};

}  // namespace sync_sessions
