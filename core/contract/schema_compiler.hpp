// Compiles a schema of an OpenAPI document to the tree that checks values.
#pragma once

#include <memory>

#include "core/base/json.hpp"
#include "core/contract/schema.hpp"

namespace mortise::contract {

// `root` resolves local $ref ("#/components/schemas/X"); recursion is allowed. Throws std::runtime_error for
// unsupported keywords.
std::shared_ptr<const Schema> compileSchema(const json::Value& schema, const json::Value& root);

}  // namespace mortise::contract
