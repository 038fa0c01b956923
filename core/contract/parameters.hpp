// One parameter's texts, as a request carries them, turned into the value its contract promises.
#pragma once

#include <string_view>
#include <vector>

#include "core/base/json.hpp"
#include "core/base/problem.hpp"
#include "core/contract/operation.hpp"

namespace mortise::contract {

// `texts`: every occurrence, decoded. Absent: the default, else `missing` when required, else null. Several occurrences
// of a parameter that is not an array: `repeated`. False when an error was added; location is {"query","page"}.
bool readParameter(const Parameter& parameter, const std::vector<std::string_view>& texts, json::Value& into,
                   json::Document::AllocatorType& allocator, std::vector<FieldError>& errors);

// "path", "query", "header" or "cookie".
std::string_view name(In in);

}  // namespace mortise::contract
