// The live documentation: one merged OpenAPI 3.0.3 document of all enabled contracts, and the pages that show it.
#pragma once

#include <string>
#include <vector>

#include "core/contract/operation.hpp"

namespace mortise::contract {

// Valid OpenAPI 3.0.3: components of different modules are renamed <Module>_<Name> when their texts differ, x-mortise-*
// stays, tags by module, security schemes added, shared error responses added where a contract names none.
// Deterministic order.
std::string mergedOpenApi(const std::vector<CompiledDocument>& documents, const std::string& version,
                          const std::string& serverUrl);

}  // namespace mortise::contract
