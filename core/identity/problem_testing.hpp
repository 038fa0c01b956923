// For tests: a refusal as one text to compare.
#pragma once

#include <functional>
#include <string>

#include "core/base/problem.hpp"

namespace mortise::identity {

// Status and code of the Problem that `work` throws; "none" when it throws none.
inline std::string problemOf(const std::function<void()>& work) {
  try {
    work();
  } catch (const Problem& problem) {
    return std::to_string(problem.status) + " " + problem.code;
  }
  return "none";
}

}  // namespace mortise::identity
