#include "settings/judge_settings.hpp"

#include <mortise/rows.hpp>

namespace session_sharing {

namespace db = mortise::db;

std::optional<JudgeSettings> JudgeStore::find(std::string_view userId) const {
  return db::find<JudgeSettings>(db_, userId);
}
void JudgeStore::put(const JudgeSettings& settings) const { db::upsert(db_, settings); }
bool JudgeStore::remove(std::string_view userId) const { return db::remove<JudgeSettings>(db_, userId); }

}  // namespace session_sharing
