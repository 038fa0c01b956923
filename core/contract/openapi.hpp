// The live documentation: one merged OpenAPI 3.0.3 document of all enabled contracts.
#pragma once

#include <string>
#include <vector>

#include "core/contract/operation.hpp"

namespace mortise::contract {

// Valid OpenAPI 3.0.3: components of different modules are renamed <Module>_<Name> when their texts differ, x-mortise-*
// stays, operations keep the tags of their contracts, x-tagGroups has one group per module, security schemes added,
// shared error responses added where a contract names none. The same tag in two modules becomes <Tag> (<module>); an
// operation without tags is grouped by its document's only tag, else by the document's title. Deterministic order.
std::string mergedOpenApi(const std::vector<CompiledDocument>& documents, const std::string& version,
                          const std::string& serverUrl);

}  // namespace mortise::contract
