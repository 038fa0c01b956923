// Reads one cookie from Cookie request fields (RFC 6265, 5.4), in the forms that browsers and scripts send.
#pragma once

#include <string_view>

#include "core/http/message.hpp"

namespace mortise::http {

// The value of the first cookie with exactly this name; empty when there is none. Removes spaces around names and
// values, and one pair of quotes around a value. Skips unreadable cookies: those of other software on the same host
// must not fail a request. The result points into `header`.
std::string_view cookieFrom(std::string_view header, std::string_view name);
// The same for every Cookie field of a request.
std::string_view cookieFrom(const Fields& fields, std::string_view name);

}  // namespace mortise::http
