#include "upload_part.hpp"

#include <mortise/problem.hpp>

#include <string>
#include <utility>
#include <vector>

namespace files {

using mortise::Problem;

mortise::Part uploadPart(const mortise::Request& request) {
  std::vector<mortise::Part> files;
  for (auto& part : request.parts()) {
    if (part.name == "file") files.push_back(std::move(part));
  }
  if (files.empty()) throw Problem(422, "validation_failed").field("body/file", "missing");
  if (files.size() > 1) {
    throw Problem(422, "validation_failed").field("body/file", "one_file", {{"count", std::to_string(files.size())}});
  }
  return std::move(files.front());
}

}  // namespace files
