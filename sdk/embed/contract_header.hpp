// The C++ form of a module's contracts.
#pragma once

#include <string>
#include <vector>

#include "sdk/embed/contract_model.hpp"

namespace mortise::embed {

// The header NAME_contract.hpp of a module: for each contract a namespace NAME_contract::FILE with a struct per request
// and reply schema, and a class per tag with a pure virtual method per operation. At most 120 columns.
std::string contractHeader(const std::string& module, const std::vector<Contract>& contracts);

// The source NAME_contract.cpp, which includes "`headerName`": how those structs are read and written, and which method
// serves which operation. Not in the header: a file that includes that of a large module would take five times as long
// to compile.
std::string contractSource(const std::string& module, const std::string& headerName,
                           const std::vector<Contract>& contracts);

}  // namespace mortise::embed
