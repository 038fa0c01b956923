// YAML files of a module (manifest, contracts, messages) become JSON at build time; no YAML parser runs in the server.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace YAML {
class Node;
}

namespace mortise::embed {

// One YAML document as JSON text. Scalars follow the YAML 1.2 core schema: only true/false are booleans, so an unquoted
// `off`, `no` or `on` stays a string; `0644` is the number 644; keys are always strings. `operationLines`, when given,
// is filled with operationId -> line (1-based, of the method) for everything under `paths`. Throws std::runtime_error
// "file:line:col: reason": bad YAML, no or several documents, a repeated or non-scalar key, .inf/.nan, custom tags,
// merge keys, nesting deeper than 64, aliases that blow up.
std::string yamlToJson(std::string_view yaml, const std::string& fileName,
                       std::vector<std::pair<std::string, int>>* operationLines = nullptr);

// The same of a document that is loaded already. Members named in `leftOut` are not written, at any depth.
std::string yamlToJson(const YAML::Node& root, const std::string& fileName,
                       std::vector<std::pair<std::string, int>>* operationLines,
                       const std::vector<std::string>& leftOut);

}  // namespace mortise::embed
