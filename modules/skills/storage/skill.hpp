// An installed skill.
#pragma once

#include <mortise/entity.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "reading/manifest.hpp"

namespace skills {

using mortise::field;
using mortise::fields;

// One line of bundle_index.json.
struct BundleEntry {
  std::string path;
  std::uint64_t size = 0;
  std::string sha256;
  bool isText = false;

  static constexpr auto kFields = fields("", field("path", &BundleEntry::path), field("size", &BundleEntry::size),
                                         field("sha256", &BundleEntry::sha256), field("is_text", &BundleEntry::isText));
};

// meta.json: what administrators change, and where the skill comes from. Times are ISO 8601 in UTC with six digits, so
// that they sort as text.
struct SkillRecord {
  std::string id;
  std::string slug;
  std::string sourceType;
  std::string sourceRef;
  bool enabled = true;
  std::string installedBy;  // user id; empty: nobody
  std::string createdAt;
  std::string updatedAt;
  std::string revision;  // a UUID of the content, another one with each install

  static constexpr auto kFields =
      fields("", field("id", &SkillRecord::id), field("slug", &SkillRecord::slug),
             field("source_type", &SkillRecord::sourceType), field("source_ref", &SkillRecord::sourceRef),
             field("enabled", &SkillRecord::enabled), field("installed_by", &SkillRecord::installedBy),
             field("created_at", &SkillRecord::createdAt), field("updated_at", &SkillRecord::updatedAt),
             field("revision", &SkillRecord::revision));
};

// Everything else but the bundle's bytes. Never changes: another install brings another one.
struct SkillContent {
  Manifest manifest;
  std::string skillMd;
  std::string body;  // of skillMd, without the front matter
  std::string contextBlob;
  std::uint64_t contextReferences = 0;
  std::string lastSyncAt;
  std::vector<BundleEntry> files;   // sorted by path
  std::vector<std::string> tokens;  // sorted, each once: what messages are compared with
};

struct Skill {
  SkillRecord record;
  std::shared_ptr<const SkillContent> content;
};

// source.json: what it takes to fetch the skill again.
struct Provenance {
  std::string validator;  // of the source; empty: it knows none, or the bundle could not be loaded
  std::string manifest;   // from the request, JSON; empty: the front matter counts
  std::string skillMd;    // from the request; empty: the bundled one counts
  bool hasBundle = false;

  static constexpr auto kFields =
      fields("", field("validator", &Provenance::validator), field("manifest", &Provenance::manifest),
             field("skill_md", &Provenance::skillMd), field("has_bundle", &Provenance::hasBundle));
};

}  // namespace skills
