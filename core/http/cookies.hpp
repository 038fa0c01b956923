// Reads one cookie out of Cookie request fields (RFC 6265, 5.4), as browsers and scripts really send them.
#pragma once

#include <string_view>

#include "core/http/message.hpp"

namespace mortise::http {

// The value of the first cookie of this exact name; empty when there is none. Spaces around names and values, and one
// pair of quotes around a value, are left out. Whatever can't be read as a cookie is passed over: cookies of other
// software on the same host must not fail a request. The result points into `header`.
std::string_view cookieFrom(std::string_view header, std::string_view name);
// The same over every Cookie field of a request.
std::string_view cookieFrom(const Fields& fields, std::string_view name);

}  // namespace mortise::http
