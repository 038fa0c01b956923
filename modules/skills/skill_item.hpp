// A skill as the contract shows it.
#pragma once

#include "skills_contract.hpp"
#include "storage/skill.hpp"

namespace skills {

skills_contract::skills::SkillItem skillItem(const SkillRecord& record, const SkillContent& content);

}  // namespace skills
