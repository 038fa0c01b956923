// What an installation writes, made from what was loaded and what the request says.
#pragma once

#include <optional>
#include <string>

#include "bundle/bundle.hpp"
#include "sources/source.hpp"
#include "storage/skill_files.hpp"

namespace skills {

// `provenance` has the request's manifest and SKILL.md, and the source's validator. Throws Problem 422 that names the
// field and the rule. Does not set lastSyncAt.
NewSkill newSkill(const Source& source, std::optional<Bundle> bundle, Provenance provenance);

}  // namespace skills
