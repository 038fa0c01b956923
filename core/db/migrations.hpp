// Numbered migrations with checksums, one owner ("kernel" or a module) at a time, each in one transaction.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/db/database.hpp"
#include "core/db/migration.hpp"

namespace mortise::db {

// Whose tables, views and triggers a migration may touch.
enum class Tables : std::uint8_t {
  any,
  // Those whose names begin with "OWNER_" and that no other owner made, whatever they are made, read, changed or removed
  // with; names of indexes are free. Nor may it end its transaction or change the connection. It is refused and undone else.
  own,
};

struct MigrationReport {
  std::vector<std::string> applied;
};

// The SQL of one migration that applies to `backend`.
std::string sqlFor(const Migration& migration, Backend backend);
// SHA-256 (hex) of the whole text with line ends normalised.
std::string checksum(const Migration& migration);

// Applies pending migrations in order and records them in mortise_migrations(owner, number, name, checksum,
// applied_at). Throws Error{other} with one sentence when an applied migration was changed, is missing from
// `migrations`, or a number occurs twice: "scheduler: migration 002_runs.sql was changed after it was applied (recorded
// sha256 ab12…, file has cd34…); restore the old file and add a new migration".
MigrationReport migrate(Database& database, std::string_view owner, const std::vector<Migration>& migrations,
                        Tables tables = Tables::any);
// Whether any migration was ever applied to this database: false for a new one.
bool wasMigrated(Database& database);
// The same checks without applying; returns the names of pending migrations.
std::vector<std::string> pending(Database& database, std::string_view owner, const std::vector<Migration>& migrations);

}  // namespace mortise::db
