// merged_openapi --page swagger|redoc: prints that docs page.
// merged_openapi FILE.yaml...: compiles the kernel's contract and the given ones and prints the merged document. The module of
// modules/NAME/contracts/FILE.yaml is NAME; any other file is a module by its own name. For the linters, and to look at.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include "core/contract/docs_pages.hpp"
#include "core/contract/kernel_contract.hpp"
#include "core/contract/openapi.hpp"
#include "core/contract/route_table.hpp"
#include "sdk/embed/yaml_to_json.hpp"

namespace {

mortise::contract::DocumentSource load(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + ": cannot be read");
  std::stringstream yaml;
  yaml << file.rdbuf();
  mortise::contract::DocumentSource out;
  const auto folder = std::filesystem::absolute(path).parent_path();
  out.module = folder.filename() == "contracts" ? folder.parent_path().filename().string()
                                                : std::filesystem::path(path).stem().string();
  out.file = path;
  out.json = mortise::embed::yamlToJson(yaml.str(), path, &out.lines);
  return out;
}

}  // namespace

int main(int count, char** argument) {
  try {
    if (count == 3 && std::string_view(argument[1]) == "--page") {
      std::cout << (std::string_view(argument[2]) == "redoc" ? mortise::contract::redocPage("/docs/assets")
                                                             : mortise::contract::swaggerPage("/docs/assets"));
      return 0;
    }
    std::vector<mortise::contract::CompiledDocument> documents = {
        mortise::contract::compile(mortise::contract::kernelContract())};
    for (int i = 1; i < count; ++i) documents.push_back(mortise::contract::compile(load(argument[i])));
    const mortise::contract::RouteTable table(std::move(documents));
    std::cout << mortise::contract::mergedOpenApi(table.documents(), "1.0.0", "http://127.0.0.1:8080") << "\n";
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
