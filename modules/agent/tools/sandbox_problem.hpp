// What a sandbox refused, in words for a model.
#pragma once

#include <mortise/problem.hpp>

#include <string>

namespace agent {

std::string wordsFor(const mortise::Problem& problem);

}  // namespace agent
