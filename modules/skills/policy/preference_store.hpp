// Which skills a user switched off for themselves. No row: on.
#pragma once

#include <mortise/db.hpp>
#include <mortise/entity.hpp>
#include <mortise/time.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace skills {

using mortise::field;
using mortise::fields;

struct Preference {
  std::string userId;
  std::string skillId;
  bool enabled = true;
  mortise::Time updatedAt;

  static constexpr auto kFields = fields(
      "skills_preferences", field("user_id", &Preference::userId).key(), field("skill_id", &Preference::skillId).key(),
      field("enabled", &Preference::enabled), field("updated_at", &Preference::updatedAt));
};

// What one user set for skills, by id.
using Preferences = std::map<std::string, bool, std::less<>>;
inline bool isOn(const Preferences& preferences, std::string_view skillId) {
  const auto preference = preferences.find(skillId);
  return preference == preferences.end() || preference->second;
}

// Every function throws db::Error. [worker]
class PreferenceStore {
 public:
  explicit PreferenceStore(mortise::Db db) : db_(db) {}
  // The same as a part of a transaction.
  PreferenceStore in(const mortise::Transaction& tx) const { return PreferenceStore(db_.in(tx)); }

  Preferences of(std::string_view userId) const;
  std::optional<bool> find(std::string_view userId, std::string_view skillId) const;
  void set(std::string_view userId, std::string_view skillId, bool enabled) const;
  // Returns how many there were.
  std::int64_t forgetSkill(std::string_view skillId) const;
  std::int64_t forgetUser(std::string_view userId) const;
  // Drops the rows of skills that no longer exist; returns how many.
  std::int64_t forgetGoneSkills(const std::function<bool(std::string_view)>& isSkill) const;

 private:
  mortise::Db db_;
};

}  // namespace skills
