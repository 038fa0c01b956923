// What `mortise embed` does: the files that say what a module is become one C source, linked into the module.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace mortise::embed {

// The manifest of the module in `directory`, one JSON object:
//   {"mortise_manifest":1,"module":{...},"contracts":[{"file":"contracts/x.yaml","lines":{"operationId":12},"document":{...}}],
//    "migrations":[{"number":1,"name":"001_x.sql","sql":"..."}],"messages":{"en":{"code":"text"}}}
// from module.yaml, contracts/*.yaml, migrations/NNN_name.sql, messages/<language>.yaml. Throws Refusal with every
// finding.
std::string manifestOf(const std::filesystem::path& directory);

// C11 and C++ source that puts `manifest` into the ELF section .mortise.manifest as mortise_manifest and
// mortise_manifest_size.
std::string sourceOf(std::string_view manifest);

// Both, into the file `output` (replaced whole, or left alone). Throws Refusal, std::runtime_error when the file cannot
// be written.
void embedModule(const std::filesystem::path& directory, const std::filesystem::path& output);

// The C++ header of the module's contracts, and the source of its functions (contract_header.hpp).
struct ContractCode {
  std::string header;
  std::string source;
};

// The source includes "`headerName`". Throws Refusal with every finding, those of the manifest included.
ContractCode contractCodeOf(const std::filesystem::path& directory, const std::string& headerName);

// The header into the file `output`, the source beside it (.cpp in place of .hpp). A file is left alone when nothing in
// it changed. Throws as embedModule() does.
void writeContractCode(const std::filesystem::path& directory, const std::filesystem::path& output);

}  // namespace mortise::embed
