// What an agent says that it got: lists of texts, or of small objects of texts. Plain C++.
#pragma once

#include <mortise/json_node.hpp>

#include <cstddef>
#include <string>

namespace projects {

inline constexpr std::size_t kMaxAuditedBytes = std::size_t{16} << 10;  // of JSON, of arguments and of references each

// Problem 422 that names the list, element or field which breaks a rule of the contract.
void checkReturnedRefs(const mortise::Json& refs);

// The JSON of an object as it is kept: one that is too long is {"_truncated": true, "_original_bytes": its size}.
std::string keptJson(const mortise::Json& object);

}  // namespace projects
