// Which skills a user switched off for themselves. No row: on.
#pragma once

#include <mortise/db.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace skills {

// Every function throws db::Error. [worker]
class PreferenceStore {
 public:
  explicit PreferenceStore(mortise::Db db) : db_(db) {}

  // What the user said about skills, by id.
  std::map<std::string, bool, std::less<>> of(std::string_view userId) const;
  std::optional<bool> find(std::string_view userId, std::string_view skillId) const;
  void set(std::string_view userId, std::string_view skillId, bool enabled) const;
  // Returns how many there were.
  std::int64_t forgetSkill(std::string_view skillId) const;
  // Drops the rows of skills and users that are no more; returns how many.
  std::int64_t forgetGone(const std::function<bool(std::string_view)>& isSkill,
                          const std::function<bool(std::string_view)>& isUser) const;

 private:
  mortise::Db db_;
};

}  // namespace skills
