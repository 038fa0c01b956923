// Converts the texts of one request parameter to the value that its contract states.
#pragma once

#include <string_view>
#include <vector>

#include "core/base/json.hpp"
#include "core/base/problem.hpp"
#include "core/contract/operation.hpp"

namespace mortise::contract {

// `texts`: every occurrence, decoded. An absent parameter gives its default, else the error `missing` when it is
// required, else null. Several occurrences of a parameter that is no array give the error `repeated`. A lenient one that
// can't be read counts as absent. Returns false when it added an error; its location is {"query","page"}.
bool readParameter(const Parameter& parameter, const std::vector<std::string_view>& texts, json::Value& into,
                   json::Document::AllocatorType& allocator, std::vector<FieldError>& errors);

// "path", "query", "header" or "cookie".
std::string_view name(In in);

}  // namespace mortise::contract
