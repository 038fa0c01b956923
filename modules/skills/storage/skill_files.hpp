// The files of one skill's directory, written and read:
//   meta.json  manifest.json  SKILL.md  bundle_index.json  source.json  bundle/...
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bundle/bundle.hpp"
#include "reading/front_matter.hpp"
#include "storage/skill.hpp"

namespace skills {

// A skill as it is put on the disk.
struct NewSkill {
  Manifest manifest;
  std::string skillMd;
  std::string contextBlob;
  std::uint64_t contextReferences = 0;
  std::string lastSyncAt;
  Provenance provenance;
  std::optional<Bundle> bundle;  // nothing: it could not be loaded
  // Of the head of skillMd, from which the manifest was read leniently; not written.
  std::optional<FrontMatterFault> fault{};
};

// Everything but meta.json; files and folders are on the disk when it returns, the directory itself is not synced.
void writeContent(int directory, const NewSkill& skill);
// Replaces meta.json, or source.json.
void writeRecord(int directory, const SkillRecord& record);
void writeProvenance(int directory, const Provenance& provenance);

// These throw std::runtime_error that says which file is missing or damaged.
SkillRecord readRecord(int directory, std::string_view id);
SkillContent readContent(int directory);
Provenance readProvenance(int directory);
// A file of the bundle as it was installed; throws when its digest is another one now.
std::string readBundled(int directory, const BundleEntry& entry);

// The index that a bundle has on the disk.
std::vector<BundleEntry> entriesOf(const Bundle& bundle);

}  // namespace skills
