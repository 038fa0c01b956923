#include "watching/sync_settings.hpp"

#include <mortise/rows.hpp>

namespace session_sharing {

namespace db = mortise::db;

SyncSettings SyncSettingsStore::of(std::string_view userId) const {
  if (auto settings = db::find<SyncSettings>(db_, userId)) return *std::move(settings);
  SyncSettings settings;
  settings.userId = userId;
  return settings;
}

void SyncSettingsStore::put(const SyncSettings& settings) const { db::upsert(db_, settings); }

void SyncSettingsStore::accountRemoved(const mortise::Transaction& tx, std::string_view userId) {
  db_.in(tx).execute("DELETE FROM sync_settings WHERE user_id = :user", {{"user", userId}});
}

}  // namespace session_sharing
