#include "installing/installer.hpp"

#include <mortise/problem.hpp>
#include <mortise/time.hpp>
#include <mortise/uuid.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "installing/new_skill.hpp"
#include "installing/reason.hpp"
#include "reading/skill_id.hpp"

namespace skills {
namespace {

using mortise::Problem;
using mortise::Transaction;

bool isSame(const NewSkill& candidate, const SkillContent& installed) {
  if (candidate.skillMd != installed.skillMd || candidate.contextBlob != installed.contextBlob) return false;
  if (manifestJson(candidate.manifest) != manifestJson(installed.manifest)) return false;
  const auto entries = candidate.bundle ? entriesOf(*candidate.bundle) : std::vector<BundleEntry>();
  return std::equal(entries.begin(), entries.end(), installed.files.begin(), installed.files.end(),
                    [](const auto& a, const auto& b) { return a.path == b.path && a.sha256 == b.sha256; });
}

}  // namespace

Installer::Loaded Installer::load(const Source& source, bool mayFail, const Cancellation& cancelled) const {
  try {
    auto fetched = sources_.fetch(source, {}, cancelled);
    return {std::move(fetched.bundle), std::move(fetched.validator)};
  } catch (const Problem& problem) {
    if (!mayFail || cancelled.isSet()) throw;
    log_.warning("a skill is installed without its bundle", {{"source", source.ref}, {"reason", reasonOf(problem)}});
    return {};
  }
}

Installer::Installed Installer::install(const InstallRequest& request, std::string_view userId,
                                        const std::function<void(Transaction&, const Plan&)>& record,
                                        const Cancellation& cancelled) const {
  const auto source = sources_.parse(request.sourceType, request.sourceRef);
  auto loaded = load(source, !request.manifest.empty() || !request.skillMd.empty(), cancelled);
  auto candidate = newSkill(source, std::move(loaded.bundle),
                            {std::move(loaded.validator), request.manifest, request.skillMd, false});
  const auto now = mortise::isoTime(mortise::now());
  candidate.lastSyncAt = now;
  cancelled.check();
  auto staged = std::optional(store_.stage(candidate));

  const auto lock = store_.lock();
  const auto snapshot = index_.current();
  const auto* existing = snapshot->findSlug(candidate.manifest.slug);
  SkillRecord installed;
  installed.slug = candidate.manifest.slug;
  installed.id = existing == nullptr ? idOf(installed.slug, source.type, source.ref) : existing->record.id;
  installed.sourceType = source.type;
  installed.sourceRef = source.ref;
  installed.enabled = existing == nullptr || existing->record.enabled;
  installed.installedBy = userId;
  installed.createdAt = existing == nullptr ? now : existing->record.createdAt;
  installed.updatedAt = now;
  installed.revision = mortise::makeUuid();
  db_.transaction([&](Transaction& tx) {
    record(tx, {installed, candidate.manifest, existing != nullptr});
    // Empty when the transaction lost a race and runs again; the skill is in its place then.
    if (auto files = std::exchange(staged, std::nullopt)) store_.install(lock, *std::move(files), installed);
  });
  const auto after = index_.current();
  const auto* skill = after->find(installed.id);
  if (skill == nullptr) throw Problem(500, "internal").note("the skill " + installed.id + " can't be read back");
  return {skill->record, skill->content, existing != nullptr, candidate.fault};
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
  auto candidate = newSkill(source, std::move(fetched.bundle), *provenance);
  const auto now = mortise::isoTime(mortise::now());
  candidate.lastSyncAt = now;
  const bool same = isSame(candidate, *skill.content);
  if (!same && candidate.fault) throw refusalOf(*candidate.fault);
  std::optional<SkillStore::Staged> staged;
  if (!same) staged.emplace(store_.stage(candidate));

  const auto lock = store_.lock();
  const auto snapshot = index_.current();
  const auto* present = snapshot->find(skill.record.id);
  if (present == nullptr || present->record.revision != skill.record.revision) return Refreshed::gone;
  if (same) {
    store_.setProvenance(lock, skill.record.id, candidate.provenance);
    return Refreshed::unchanged;
  }
  const auto* namesake = snapshot->findSlug(candidate.manifest.slug);
  if (namesake != nullptr && namesake->record.id != skill.record.id)
    throw Problem(422, "skill_slug_taken").with("slug", candidate.manifest.slug).with("id", namesake->record.id);
  auto record = present->record;
  record.slug = candidate.manifest.slug;
  record.updatedAt = now;
  record.revision = mortise::makeUuid();
  store_.install(lock, *std::move(staged), record);
  return Refreshed::updated;
}

}  // namespace skills
