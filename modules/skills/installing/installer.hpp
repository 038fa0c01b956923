// Installing a skill: load the bundle, read what it says of itself, check it, put its context together, write it.
#pragma once

#include <mortise/db.hpp>
#include <mortise/log.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "catalog/skill_index.hpp"
#include "sources/source.hpp"
#include "storage/skill_store.hpp"

namespace skills {

struct InstallRequest {
  std::string sourceType;
  std::string sourceRef;
  std::string manifest;  // JSON object; empty: the front matter counts
  std::string skillMd;   // empty: the bundled one counts
};

// Thread-safe. Refusals are Problems 422 that name the field or path and the rule.
class Installer {
 public:
  Installer(mortise::Db db, const Sources& sources, const SkillStore& store, SkillIndex& index, mortise::Log log)
      : db_(db), sources_(sources), store_(store), index_(index), log_(log) {}

  struct Installed {
    SkillRecord record;
    std::shared_ptr<const SkillContent> content;
    bool replaced = false;                    // a skill of this slug was there
    std::optional<FrontMatterFault> fault{};  // its head was read leniently
  };
  // What is about to be installed.
  struct Plan {
    const SkillRecord& record;
    const Manifest& manifest;
    bool replaces = false;
  };
  // A skill with the same slug is replaced and keeps id, `enabled` and when it was made. `record` writes down what is
  // done, in a transaction and before the skill takes its place: what it throws leaves everything as it was.
  // Problem 503 and nothing installed when `cancelled` is set before the bundle is there.
  Installed install(const InstallRequest& request, std::string_view userId,
                    const std::function<void(mortise::Transaction&, const Plan&)>& record,
                    const Cancellation& cancelled = Cancellation(nullptr)) const;

  enum class Refreshed : char { unchanged, updated, gone };
  // Fetches an installed skill again and replaces it when its source has changed, keeping its id. gone: it was removed
  // or installed anew meanwhile. Throws Problem when the source fails, or when its head is no YAML any more: nobody looks
  // at what a lenient reading would take away. The installed version stays.
  Refreshed refresh(const Skill& skill) const;

 private:
  struct Loaded {
    std::optional<Bundle> bundle;
    std::string validator;
  };
  Loaded load(const Source& source, bool mayFail, const Cancellation& cancelled) const;
  std::optional<Provenance> provenanceOf(const std::string& id) const;

  mortise::Db db_;
  const Sources& sources_;
  const SkillStore& store_;
  SkillIndex& index_;
  mortise::Log log_;
};

}  // namespace skills
