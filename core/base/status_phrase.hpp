// The phrase that goes with an HTTP status (RFC 9110, section 15, and the registry of status codes).
#pragma once

#include <string_view>

namespace mortise {

std::string_view statusPhrase(int status);

}  // namespace mortise
