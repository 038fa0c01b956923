#include "policy/preference_store.hpp"

#include <mortise/rows.hpp>

namespace skills {
namespace {

namespace db = mortise::db;

// Calls `use` for each value once. `next` selects the first one after `:after`: one step along an index for each value,
// however many rows have it.
template <class Use>
void eachValue(const mortise::Db& database, const char* next, Use&& use) {
  std::string after;
  while (auto value = database.queryOne<std::string>(next, {{"after", after}})) {
    after = *std::move(value);
    use(after);
  }
}

}  // namespace

Preferences PreferenceStore::of(std::string_view userId) const {
  Preferences out;
  for (auto& one : db::rows<Preference>(db_, "WHERE user_id = :user_id", {{"user_id", userId}}))
    out.emplace(std::move(one.skillId), one.enabled);
  return out;
}

std::optional<bool> PreferenceStore::find(std::string_view userId, std::string_view skillId) const {
  const auto one = db::find<Preference>(db_, userId, skillId);
  return one ? std::optional(one->enabled) : std::nullopt;
}

void PreferenceStore::set(std::string_view userId, std::string_view skillId, bool enabled) const {
  db::upsert(db_, Preference{std::string(userId), std::string(skillId), enabled, mortise::now()});
}

std::int64_t PreferenceStore::forgetSkill(std::string_view skillId) const {
  return db_.execute("DELETE FROM skills_preferences WHERE skill_id = :skill_id", {{"skill_id", skillId}});
}

std::int64_t PreferenceStore::forgetUser(std::string_view userId) const {
  return db_.execute("DELETE FROM skills_preferences WHERE user_id = :user_id", {{"user_id", userId}});
}

std::int64_t PreferenceStore::forgetGoneSkills(const std::function<bool(std::string_view)>& isSkill) const {
  std::int64_t dropped = 0;
  eachValue(db_, "SELECT skill_id FROM skills_preferences WHERE skill_id > :after ORDER BY skill_id LIMIT 1",
            [&](const std::string& skill) {
              if (!isSkill(skill)) dropped += forgetSkill(skill);
            });
  return dropped;
}

}  // namespace skills
