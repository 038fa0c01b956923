#include "catalog/skill_index.hpp"

#include <mortise/problem.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace skills {
namespace {

bool isNewer(const Skill& a, const Skill& b) {
  if (a.record.createdAt != b.record.createdAt) return a.record.createdAt > b.record.createdAt;
  return a.record.id < b.record.id;
}

}  // namespace

Snapshot::Snapshot(std::vector<Skill> skills, std::int64_t generation)
    : skills_(std::move(skills)), generation_(generation) {
  std::sort(skills_.begin(), skills_.end(), isNewer);
  for (std::size_t i = 0; i < skills_.size(); ++i) byId_.emplace(skills_[i].record.id, i);
}

std::optional<std::size_t> Snapshot::place(std::string_view id) const {
  const auto entry = byId_.find(id);
  return entry == byId_.end() ? std::nullopt : std::optional(entry->second);
}

const Skill* Snapshot::find(std::string_view id) const {
  const auto at = place(id);
  return at ? &skills_[*at] : nullptr;
}

const Skill& Snapshot::known(std::string_view id) const {
  const auto* skill = find(id);
  if (skill == nullptr) throw mortise::Problem(404, "skill_not_found");
  return *skill;
}

const Skill* Snapshot::findSlug(std::string_view slug) const {
  const auto position =
      std::find_if(skills_.begin(), skills_.end(), [&](const Skill& skill) { return skill.record.slug == slug; });
  return position == skills_.end() ? nullptr : &*position;
}

const Selector& Snapshot::selector() const {
  std::call_once(selectorOnce_, [this] {
    std::vector<const std::vector<std::string>*> tokens;
    tokens.reserve(skills_.size());
    for (const auto& skill : skills_) tokens.push_back(&skill.content->tokens);
    selector_.emplace(tokens);
  });
  return *selector_;
}

SkillIndex::SkillIndex(const SkillStore& store, mortise::Log log, const mortise::Metrics& metrics)
    : store_(store),
      log_(log),
      installed_(metrics.gauge("installed", "Skills that are installed")),
      unreadable_(metrics.gauge("unreadable", "Directories below the skills' root that can't be read as a skill")) {}

std::shared_ptr<const Snapshot> SkillIndex::current() {
  const std::lock_guard lock(mutex_);
  // Asked before reading: a change that comes meanwhile is seen next time.
  auto generation = store_.generation();
  if (snapshot_ != nullptr && generation == seen_) return snapshot_;
  snapshot_ = reread(snapshot_.get());
  seen_ = std::move(generation);
  return snapshot_;
}

std::shared_ptr<const Snapshot> SkillIndex::reread(const Snapshot* before) {
  std::vector<Skill> skills;
  std::map<std::string, std::string> complaints;
  for (const auto& id : store_.ids()) {
    try {
      if (auto skill = readSkill(id, before)) skills.push_back(*std::move(skill));
    } catch (const mortise::Problem& problem) {
      complaints.emplace(id, problem.note());
    } catch (const std::exception& error) {
      complaints.emplace(id, error.what());
    }
  }
  for (const auto& [id, reason] : complaints) {
    const auto complaint = complaints_.find(id);
    if (complaint == complaints_.end() || complaint->second != reason)
      log_.warning("a skill can't be read", {{"skill", id}, {"reason", reason}});
  }
  complaints_ = std::move(complaints);
  installed_.set(static_cast<std::int64_t>(skills.size()));
  unreadable_.set(static_cast<std::int64_t>(complaints_.size()));
  return std::make_shared<const Snapshot>(std::move(skills), before == nullptr ? 1 : before->generation() + 1);
}

std::optional<Skill> SkillIndex::readSkill(const std::string& id, const Snapshot* before) const {
  constexpr int kTries = 3;  // another version may take its place, and this one go, while it is read
  for (int attempt = 1;; ++attempt) {
    const auto directory = store_.openSkill(id);
    if (!directory) return std::nullopt;
    try {
      Skill skill;
      skill.record = readRecord(directory->get(), id);
      const auto* previousSkill = before == nullptr ? nullptr : before->find(id);
      if (previousSkill != nullptr && previousSkill->record.revision == skill.record.revision) {
        skill.content = previousSkill->content;
      } else {
        skill.content = std::make_shared<const SkillContent>(readContent(directory->get()));
      }
      return skill;
    } catch (const std::runtime_error&) {
      if (attempt == kTries) throw;
    }
  }
}

}  // namespace skills
