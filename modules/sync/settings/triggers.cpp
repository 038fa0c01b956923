#include "settings/triggers.hpp"

#include <mortise/rows.hpp>

namespace session_sharing {

namespace db = mortise::db;

bool isTrigger(std::string_view text) { return text == "manual" || text == "on_sync" || text == "on_pr"; }

Triggers TriggerStore::of(std::string_view userId) const {
  if (auto triggers = db::find<Triggers>(db_, userId)) return *triggers;
  Triggers defaults;
  defaults.userId = userId;
  return defaults;
}

void TriggerStore::put(const Triggers& triggers) const { db::upsert(db_, triggers); }
void TriggerStore::remove(std::string_view userId) const { db::remove<Triggers>(db_, userId); }

}  // namespace session_sharing
