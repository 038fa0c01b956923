#include "installing/installer.hpp"

#include <mortise/problem.hpp>
#include <mortise/time.hpp>
#include <mortise/uuid.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "installing/new_skill.hpp"
#include "installing/reason.hpp"

namespace skills {
namespace {

using mortise::Problem;

bool isSame(const NewSkill& fresh, const SkillContent& installed) {
  if (fresh.skillMd != installed.skillMd || fresh.contextBlob != installed.contextBlob) return false;
  if (manifestJson(fresh.manifest) != manifestJson(installed.manifest)) return false;
  const auto entries = fresh.bundle ? entriesOf(*fresh.bundle) : std::vector<BundleEntry>();
  return std::equal(entries.begin(), entries.end(), installed.files.begin(), installed.files.end(),
                    [](const auto& a, const auto& b) { return a.path == b.path && a.sha256 == b.sha256; });
}

}  // namespace

Installer::Loaded Installer::load(const Source& source, bool mayFail) const {
  try {
    auto fetched = sources_.fetch(source);
    return {std::move(fetched.bundle), std::move(fetched.validator)};
  } catch (const Problem& problem) {
    if (!mayFail) throw;
    log_.warning("a skill is installed without its bundle", {{"source", source.ref}, {"reason", reasonOf(problem)}});
    return {};
  }
}

Installer::Installed Installer::install(const InstallRequest& request, std::string_view userId) const {
  const auto source = sources_.parse(request.sourceType, request.sourceRef);
  auto loaded = load(source, !request.manifest.empty() || !request.skillMd.empty());
  auto fresh = newSkill(source, std::move(loaded.bundle),
                        {std::move(loaded.validator), request.manifest, request.skillMd, false});
  const auto now = mortise::isoTime(mortise::nowMicros());
  fresh.lastSyncAt = now;
  auto staged = store_.stage(fresh);

  const auto lock = store_.lock();
  const auto snapshot = index_.current();
  const auto* existing = snapshot->findSlug(fresh.manifest.slug);
  SkillRecord record;
  record.slug = fresh.manifest.slug;
  record.id = existing == nullptr ? idOf(record.slug, source.type, source.ref) : existing->record.id;
  record.sourceType = source.type;
  record.sourceRef = source.ref;
  record.enabled = existing == nullptr || existing->record.enabled;
  record.installedBy = userId;
  record.createdAt = existing == nullptr ? now : existing->record.createdAt;
  record.updatedAt = now;
  record.revision = mortise::makeUuid();
  store_.install(lock, std::move(staged), record);
  const auto* installed = index_.current()->find(record.id);
  if (installed == nullptr) throw Problem(500, "internal").note("the skill " + record.id + " can't be read back");
  return {installed->record, installed->content, existing != nullptr};
}

std::optional<Provenance> Installer::provenanceOf(const std::string& id) const {
  const auto directory = store_.openSkill(id);
  if (!directory) return std::nullopt;
  return readProvenance(directory->get());
}

Installer::Refreshed Installer::refresh(const Skill& skill) const {
  auto provenance = provenanceOf(skill.record.id);
  if (!provenance) return Refreshed::gone;
  const auto source = sources_.parse(skill.record.sourceType, skill.record.sourceRef);
  auto fetched = sources_.fetch(source, provenance->hasBundle ? provenance->validator : std::string());
  if (fetched.unchanged) return Refreshed::unchanged;
  provenance->validator = std::move(fetched.validator);
  auto fresh = newSkill(source, std::move(fetched.bundle), *provenance);
  const auto now = mortise::isoTime(mortise::nowMicros());
  fresh.lastSyncAt = now;
  const bool same = isSame(fresh, *skill.content);
  std::optional<SkillStore::Staged> staged;
  if (!same) staged.emplace(store_.stage(fresh));

  const auto lock = store_.lock();
  const auto snapshot = index_.current();
  const auto* present = snapshot->find(skill.record.id);
  if (present == nullptr || present->record.revision != skill.record.revision) return Refreshed::gone;
  if (same) {
    store_.setProvenance(lock, skill.record.id, fresh.provenance);
    return Refreshed::unchanged;
  }
  const auto* namesake = snapshot->findSlug(fresh.manifest.slug);
  if (namesake != nullptr && namesake->record.id != skill.record.id)
    throw Problem(422, "skill_slug_taken").with("slug", fresh.manifest.slug).with("id", namesake->record.id);
  auto record = present->record;
  record.slug = fresh.manifest.slug;
  record.updatedAt = now;
  record.revision = mortise::makeUuid();
  store_.install(lock, *std::move(staged), record);
  return Refreshed::updated;
}

}  // namespace skills
