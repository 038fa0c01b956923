// What a refusal said, for tests.
#pragma once

#include <map>
#include <string>
#include <utility>

#include <mortise/problem.hpp>

namespace skills {

struct Refusal {
  int status = 0;
  std::string code = "nothing was refused";
  std::map<std::string, std::string> params;
  std::string details;
};

template <class Action>
Refusal refusalOf(Action&& action) {
  try {
    static_cast<void>(std::forward<Action>(action)());
  } catch (const mortise::Problem& problem) {
    return {problem.status(), problem.code(), {problem.params().begin(), problem.params().end()}, problem.details()};
  }
  return {};
}

}  // namespace skills
