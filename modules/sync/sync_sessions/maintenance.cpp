#include "sync_sessions/maintenance.hpp"

#include <optional>

namespace sync_sessions {
namespace {

constexpr std::size_t kMaxFindings = 20;

}  // namespace

Maintenance::Result Maintenance::run(const std::function<bool()>& stop,
                                     const std::function<void(std::int64_t)>& progress) const {
  Result result;
  result.database = database();
  if (db_.isSqlite()) {
    checkSqlite(result, stop, progress);
    if (result.finished) db_.execute("PRAGMA optimize");
  } else {
    checkPostgresql(result);
    if (stop()) {
      result.finished = false;
    } else {
      db_.execute("ANALYZE");  // of the tables that this role owns
    }
  }
  return result;
}

void Maintenance::checkSqlite(Result& result, const std::function<bool()>& stop,
                              const std::function<void(std::int64_t)>& progress) const {
  const auto tables = db_.query<std::string>(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name");
  for (const auto& table : tables) {
    if (stop()) {
      result.finished = false;
      return;
    }
    for (const auto& line :
         db_.query<std::string>("SELECT quick_check FROM pragma_quick_check(:name)", {{"name", table}})) {
      if (line != "ok" && result.findings.size() < kMaxFindings) result.findings.push_back(table + ": " + line);
    }
    progress(++result.tables);
  }
}

void Maintenance::checkPostgresql(Result& result) const {
  result.tables = db_.queryOne<std::int64_t>("SELECT COUNT(*) FROM pg_stat_user_tables").value_or(0);
  const auto failures = db_.queryOne<std::optional<std::int64_t>>(
      "SELECT checksum_failures FROM pg_stat_database WHERE datname = current_database()");
  if (failures && *failures && **failures > 0) {
    result.findings.push_back("PostgreSQL counted " + std::to_string(**failures) +
                              " pages whose checksum is wrong; see its log");
  }
}

}  // namespace sync_sessions
