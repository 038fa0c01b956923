// Skills as the agent platform's JSON.
#pragma once

#include <mortise/json.hpp>

#include "storage/skill.hpp"

namespace skills {

// The SkillItem of the contract.
mortise::json::Value skillItem(const SkillRecord& record, const SkillContent& content);

}  // namespace skills
