#pragma once

#include <string>
#include <utility>
#include <vector>

namespace mortise::contract {

// One contract document as a manifest holds it: JSON with the line of each operation.
struct DocumentSource {
  std::string module;
  std::string file;
  std::string json;
  std::vector<std::pair<std::string, int>> lines;  // operationId -> line
};

}  // namespace mortise::contract
