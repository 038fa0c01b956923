// A contract of a module as one document: what it refers to in other files is taken in.
#pragma once

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace mortise::embed {

struct ContractDocument {
  YAML::Node root;
  std::filesystem::path path;
  // "schemas/Problem" -> the file that the component came from; what is not here is the document's own.
  std::map<std::string, std::filesystem::path> origins;

  // Files beside it that it refers to.
  std::set<std::filesystem::path> shared() const;
};

// Reads the contract in `path`. A reference "common.yaml#/components/schemas/X" into a file of the same folder becomes
// the local component X, with everything that X refers to in its own file; nothing else of that file is taken. Throws
// Refusal: a file that is not there, a component that is not there, a name that the document has already;
// std::runtime_error for bad YAML.
ContractDocument readContractDocument(const std::filesystem::path& path);

// The document as the server reads it, without the words that are for the build alone. `operationLines` as in
// yamlToJson(). Throws Refusal for a document that is no object; std::runtime_error as yamlToJson() does.
std::string contractJson(const ContractDocument& document, std::vector<std::pair<std::string, int>>* operationLines);

// True for a file that only holds components for others: it has no paths.
bool holdsOnlyComponents(const YAML::Node& root);

}  // namespace mortise::embed
