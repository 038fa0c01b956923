// What other modules and the HTTP operations ask of the installed skills.
#pragma once

#include <mortise/db.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/skill_index.hpp"
#include "policy/command_rules.hpp"
#include "policy/policy_store.hpp"
#include "policy/preference_store.hpp"
#include "storage/skill_store.hpp"

namespace skills {

// Thread-safe. Throws Problem 404 skill_not_found, and what the stores throw.
class Catalog {
 public:
  Catalog(mortise::Db db, SkillStore& store, SkillIndex& index, CommandRules commands)
      : db_(db), store_(store), index_(index), policy_(db), preferences_(db), commands_(std::move(commands)) {}

  std::shared_ptr<const Snapshot> snapshot() { return index_.current(); }
  const PolicyStore& policy() const noexcept { return policy_; }
  const PreferenceStore& preferences() const noexcept { return preferences_; }
  const CommandRules& commands() const noexcept { return commands_; }

  // Enabled skills but for what the user switched off, newest first; good as long as `snapshot`.
  std::vector<const Skill*> pool(const Snapshot& snapshot, std::string_view userId) const;
  // As it was installed, out of the version `lastSyncAt`; empty: whichever. Problem 409 skill_replaced when that is
  // gone.
  std::string readFile(std::string_view id, std::string_view lastSyncAt, std::string_view path);
  void setPreference(std::string_view userId, std::string_view id, bool enabled);

  // For administrators. `record` writes down what is done, in the transaction of its rows and before the files change:
  // what it throws leaves everything as it was, and so does a disk that refuses.
  void setEnabled(const std::string& id, bool enabled, const std::function<void(mortise::Transaction&)>& record);
  // With its preferences, whose number `record` gets.
  void remove(const std::string& id, const std::function<void(mortise::Transaction&, std::int64_t)>& record);

 private:
  mortise::Db db_;
  SkillStore& store_;
  SkillIndex& index_;
  PolicyStore policy_;
  PreferenceStore preferences_;
  CommandRules commands_;
};

}  // namespace skills
