// What an installation writes, made from what was loaded and what the request says.
#pragma once

#include <mortise/problem.hpp>

#include <optional>
#include <string>

#include "bundle/bundle.hpp"
#include "reading/front_matter.hpp"
#include "sources/source.hpp"
#include "storage/skill_files.hpp"

namespace skills {

// `provenance` has the request's manifest and SKILL.md, and the source's validator. Throws Problem 422 that names the
// field and the rule, or the place in a head that is no YAML and could have had tools or a policy. Does not set
// lastSyncAt.
NewSkill newSkill(const Source& source, std::optional<Bundle> bundle, Provenance provenance);
// Problem 422 that names line, column and rule.
mortise::Problem refusalOf(const FrontMatterFault& fault);

}  // namespace skills
