#include "catalog/catalog.hpp"

#include <mortise/problem.hpp>
#include <mortise/time.hpp>

#include <algorithm>
#include <stdexcept>

namespace skills {

using mortise::Problem;
using mortise::Transaction;

std::vector<const Skill*> Catalog::pool(const Snapshot& snapshot, std::string_view userId) const {
  std::vector<const Skill*> out;
  const auto preferences = userId.empty() ? Preferences() : preferences_.of(userId);
  for (const auto& skill : snapshot.skills()) {
    if (skill.record.enabled && isOn(preferences, skill.record.id)) out.push_back(&skill);
  }
  return out;
}

std::string Catalog::readFile(std::string_view id, std::string_view lastSyncAt, std::string_view path) {
  const auto isOther = [&](const SkillContent& content) {
    return !lastSyncAt.empty() && content.lastSyncAt != lastSyncAt;
  };
  const auto snapshot = index_.current();
  const auto& skill = snapshot->known(id);
  if (isOther(*skill.content)) throw Problem(409, "skill_replaced");
  const auto& files = skill.content->files;
  const auto entry = std::find_if(files.begin(), files.end(), [&](const auto& file) { return file.path == path; });
  if (entry == files.end()) throw Problem(404, "skill_file_not_found");
  const auto directory = store_.openSkill(skill.record.id);
  if (!directory) throw Problem(404, "skill_not_found");
  try {
    return readBundled(directory->get(), *entry);
  } catch (const std::runtime_error& error) {
    // Read from a version that came in between, or is gone already?
    const auto now = index_.current();
    if (now->known(id).record.revision != skill.record.revision) throw Problem(409, "skill_replaced");
    throw Problem(500, "internal").note("skill " + skill.record.id + ": " + error.what());
  }
}

void Catalog::setPreference(std::string_view userId, std::string_view id, bool enabled) {
  const auto lock = store_.lock();  // so that none comes after the skill's others were dropped
  index_.current()->known(id);
  preferences_.set(userId, id, enabled);
}

void Catalog::setEnabled(const std::string& id, bool enabled, const std::function<void(Transaction&)>& record) {
  const auto lock = store_.lock();
  auto changed = index_.current()->known(id).record;
  db_.transaction([&](Transaction& tx) {
    record(tx);
    if (changed.enabled == enabled) return;
    changed.enabled = enabled;
    changed.updatedAt = mortise::isoTime(mortise::now());
    store_.setRecord(lock, changed);
  });
  index_.current();  // the gauges
}

void Catalog::remove(const std::string& id, const std::function<void(Transaction&, std::int64_t)>& record) {
  const auto lock = store_.lock();
  index_.current()->known(id);
  db_.transaction([&](Transaction& tx) {
    record(tx, preferences_.in(tx).forgetSkill(id));
    store_.remove(lock, id);
  });
  index_.current();  // the gauges
}

}  // namespace skills
