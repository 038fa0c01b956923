// For the tests of this folder: contracts from YAML text or from testing/.
#pragma once

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "core/contract/operation.hpp"
#include "sdk/embed/yaml_to_json.hpp"

namespace mortise::contract::testing {

inline DocumentSource source(const std::string& module, const std::string& file, const std::string& yaml) {
  DocumentSource out{module, file, {}, {}};
  out.json = embed::yamlToJson(yaml, file, &out.lines);
  return out;
}

inline DocumentSource sample(const std::string& module) {
  const auto path = std::string(MORTISE_CONTRACT_TESTING) + "/" + module + ".yaml";
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path + ": cannot be read");
  std::stringstream yaml;
  yaml << file.rdbuf();
  return source(module, "contracts/" + module + ".yaml", yaml.str());
}

// A document with one GET operation, and `lines` inserted at their places.
inline std::string document(const std::string& top, const std::string& operation) {
  return "openapi: 3.0.3\ninfo: {title: T, version: 1.0.0}\n" + top +
         "paths:\n  /x/{id}:\n    get:\n      operationId: readX\n" + operation +
         "      parameters:\n        - {name: id, in: path, required: true, schema: {type: string}}\n      responses: "
         "{\"200\": {description: ok}}\n";
}

inline std::string refusal(const std::string& yaml) {
  try {
    compile(source("m", "contracts/m.yaml", yaml));
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace mortise::contract::testing
