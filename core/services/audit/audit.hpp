// The audit trail for the operator: who did what to whom, in a table that only grows. A failure to write reaches the
// caller, so that an act that must be recorded fails when it can't be.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/db/database.hpp"
#include "core/db/migrations.hpp"

namespace mortise::services {

struct AuditEntry {
  std::string id;       // UUIDv7, set by record()
  std::int64_t at = 0;  // microseconds, set by record()
  std::string actor;    // user id, "operator" (command line), "module:NAME", "kernel", or empty (not signed in)
  std::string action;   // user.role_changed; [a-z0-9_.]{1,64}
  std::string target;   // the object of the action: "user:ID"
  std::string details;  // JSON object text or empty; no secrets
  std::string ip, requestId;
};

struct AuditFilter {
  std::string actor, action, target;  // empty = any; an action ending in "." takes all below it
  std::int64_t since = 0;             // microseconds, included
  std::int64_t until = std::numeric_limits<std::int64_t>::max();  // microseconds, not included
  std::int64_t skip = 0, limit = 100;                             // limit at most 1000
};

// Thread-safe; blocking. Throws db::Error; ServiceError{invalid} for a bad action or details.
class Audit {
 public:
  explicit Audit(db::Database& database) : database_(database) {}
  void record(AuditEntry entry);
  // Inside the caller's transaction: the entry commits with the act.
  static void record(db::Connection& connection, AuditEntry entry);
  std::vector<AuditEntry> list(const AuditFilter& filter, std::int64_t& total);  // newest first
  // Drops entries from before `before`, and records how many. Returns the number of rows.
  std::int64_t expire(std::int64_t before);

 private:
  db::Database& database_;
};

// One entry as JSON: times in ISO 8601, details as an object.
std::string toJson(const AuditEntry& entry);
// Microseconds of "2026-02-24T09:30:00Z" (any offset), or of "2026-02-24" (midnight, UTC). nullopt: it is neither.
std::optional<std::int64_t> auditTime(const std::string& text);

// The migrations of its table, parts of identity::kernelMigrations(), which numbers them: the table, and the indexes
// that give each of its lists in order.
std::string_view auditMigrationSql();
std::string auditListsMigrationSql();

}  // namespace mortise::services
