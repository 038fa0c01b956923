// The field Vary of a reply (RFC 9110, 12.5.5).
#pragma once

#include <string_view>

#include "core/http/message.hpp"

namespace mortise::http {

// Adds `name` to the names that the reply varies by, unless they have it or are "*". Several fields become one.
void addVary(Fields& fields, std::string_view name);

}  // namespace mortise::http
