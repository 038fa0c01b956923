// A refusal in words for logs and records, where no catalogue is at hand.
#pragma once

#include <mortise/problem.hpp>

#include <string>

namespace skills {

// "skill_file_too_large (path=big.bin, most=256)", and the note behind it.
std::string reasonOf(const mortise::Problem& problem);

}  // namespace skills
