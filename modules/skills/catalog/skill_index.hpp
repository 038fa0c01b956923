// All installed skills in memory, as fresh as the directory.
#pragma once

#include <mortise/log.hpp>
#include <mortise/metrics.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/selector.hpp"
#include "storage/skill.hpp"
#include "storage/skill_store.hpp"

namespace skills {

// The skills at one moment. Immutable but for the selector, which is made when it is first asked for.
class Snapshot {
 public:
  Snapshot(std::vector<Skill> skills, std::int64_t generation);

  const std::vector<Skill>& skills() const noexcept { return skills_; }  // newest first
  const Skill* find(std::string_view id) const;
  const Skill& known(std::string_view id) const;  // Problem 404 skill_not_found
  const Skill* findSlug(std::string_view slug) const;
  // Place of the skill in skills().
  std::optional<std::size_t> place(std::string_view id) const;
  const Selector& selector() const;
  // Grows with each change that this process saw.
  std::int64_t generation() const noexcept { return generation_; }

 private:
  std::vector<Skill> skills_;
  std::map<std::string, std::size_t, std::less<>> byId_;
  std::int64_t generation_;
  mutable std::once_flag selectorOnce_;
  mutable std::optional<Selector> selector_;
};

// Thread-safe. What can't be read is left out, logged once and counted.
class SkillIndex {
 public:
  SkillIndex(const SkillStore& store, mortise::Log log, const mortise::Metrics& metrics);
  // Looks for changes first; reads only the skills that changed. Throws Problem when the root can't be read.
  std::shared_ptr<const Snapshot> current();

 private:
  std::shared_ptr<const Snapshot> reread(const Snapshot* before);
  std::optional<Skill> readSkill(const std::string& id, const Snapshot* before) const;

  const SkillStore& store_;
  mortise::Log log_;
  mortise::Gauge installed_;
  mortise::Gauge unreadable_;
  std::mutex mutex_;
  std::string seen_;  // the store's generation
  std::shared_ptr<const Snapshot> snapshot_;
  std::map<std::string, std::string> complaints_;  // id -> why it could not be read
};

}  // namespace skills
