#include "upload_part.hpp"

#include <mortise/problem.hpp>

#include <string>
#include <utility>
#include <vector>

namespace files {

using mortise::Problem;

mortise::Part uploadPart(const mortise::Request& request) {
  std::vector<mortise::Part> found;
  for (auto& part : request.parts()) {
    if (part.name == "file") found.push_back(std::move(part));
  }
  if (found.empty()) throw Problem(422, "validation_failed").field("body/file", "missing");
  if (found.size() > 1) {
    throw Problem(422, "validation_failed").field("body/file", "one_file", {{"count", std::to_string(found.size())}});
  }
  return std::move(found.front());
}

}  // namespace files
