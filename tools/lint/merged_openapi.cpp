// merged_openapi --page swagger|redoc: prints that docs page.
// merged_openapi FILE.yaml...: compiles the kernel's contract and the given ones and prints the merged document. The module of
// modules/NAME/contracts/FILE.yaml is NAME; any other file is a module by its own name. What a contract refers to in a file beside it
// comes with it, and a file that only holds such components is passed over, as `mortise embed` does. For the linters, and to look at.
#include <exception>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string_view>

#include "core/contract/docs_pages.hpp"
#include "core/contract/kernel_contract.hpp"
#include "core/contract/openapi.hpp"
#include "core/contract/route_table.hpp"
#include "sdk/embed/contract_document.hpp"

namespace {

namespace fs = std::filesystem;
namespace embed = mortise::embed;

// Empty for a file that only holds components for others.
std::optional<mortise::contract::DocumentSource> load(const fs::path& path) {
  const auto document = embed::readContractDocument(path);
  if (embed::holdsOnlyComponents(document.root)) return std::nullopt;
  mortise::contract::DocumentSource out;
  const auto folder = fs::absolute(path).parent_path();
  out.module =
      folder.filename() == "contracts" ? folder.parent_path().filename().string() : path.stem().string();
  out.file = path.string();
  out.json = embed::contractJson(document, &out.lines);
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
    for (int i = 1; i < count; ++i) {
      if (const auto source = load(argument[i])) documents.push_back(mortise::contract::compile(*source));
    }
    const mortise::contract::RouteTable table(std::move(documents));
    std::cout << mortise::contract::mergedOpenApi(table.documents(), "1.0.0", "http://127.0.0.1:8080") << "\n";
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
