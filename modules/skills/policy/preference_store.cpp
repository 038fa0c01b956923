#include "policy/preference_store.hpp"

#include <mortise/time.hpp>

namespace skills {

std::map<std::string, bool, std::less<>> PreferenceStore::of(std::string_view userId) const {
  std::map<std::string, bool, std::less<>> out;
  db_.each<std::string, bool>("SELECT skill_id, enabled FROM skills_preferences WHERE user_id = :user_id",
                              {{"user_id", userId}},
                              [&](std::string skill, bool enabled) { out.emplace(std::move(skill), enabled); });
  return out;
}

std::optional<bool> PreferenceStore::find(std::string_view userId, std::string_view skillId) const {
  return db_.queryOne<bool>("SELECT enabled FROM skills_preferences WHERE user_id = :user_id AND skill_id = :skill_id",
                            {{"user_id", userId}, {"skill_id", skillId}});
}

void PreferenceStore::set(std::string_view userId, std::string_view skillId, bool enabled) const {
  db_.execute(
      "INSERT INTO skills_preferences (user_id, skill_id, enabled, updated_at) VALUES (:user_id, :skill_id, :enabled, "
      ":updated_at) ON CONFLICT (user_id, skill_id) DO UPDATE SET enabled = excluded.enabled, "
      "updated_at = excluded.updated_at",
      {{"user_id", userId}, {"skill_id", skillId}, {"enabled", enabled}, {"updated_at", mortise::nowMicros()}});
}

std::int64_t PreferenceStore::forgetSkill(std::string_view skillId) const {
  return db_.execute("DELETE FROM skills_preferences WHERE skill_id = :skill_id", {{"skill_id", skillId}});
}

std::int64_t PreferenceStore::forgetGone(const std::function<bool(std::string_view)>& isSkill,
                                         const std::function<bool(std::string_view)>& isUser) const {
  std::int64_t dropped = 0;
  for (const auto& skill : db_.query<std::string>("SELECT DISTINCT skill_id FROM skills_preferences")) {
    if (!isSkill(skill)) dropped += forgetSkill(skill);
  }
  for (const auto& user : db_.query<std::string>("SELECT DISTINCT user_id FROM skills_preferences")) {
    if (isUser(user)) continue;
    dropped += db_.execute("DELETE FROM skills_preferences WHERE user_id = :user_id", {{"user_id", user}});
  }
  return dropped;
}

}  // namespace skills
