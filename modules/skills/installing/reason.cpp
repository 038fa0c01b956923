#include "installing/reason.hpp"

namespace skills {

std::string reasonOf(const mortise::Problem& problem) {
  std::string out = problem.code();
  std::string values;
  for (const auto& [name, value] : problem.params()) values += (values.empty() ? "" : ", ") + name + "=" + value;
  if (!values.empty()) out += " (" + values + ")";
  if (!problem.note().empty()) out += ": " + problem.note();
  return out;
}

}  // namespace skills
