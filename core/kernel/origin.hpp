// Web origins (scheme, host and port) as browsers compare them: RFC 6454, WHATWG URL.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mortise::kernel {

// scheme://host[:port] in the form that browsers send: scheme and host in lower case, without the scheme's own port,
// IPv6 addresses shortened. One slash at the end is left out. nullopt when `text` is anything else: with a path, a
// user, a wildcard, a bad port, a host that is not in its ASCII form.
std::optional<std::string> normalOrigin(std::string_view text);

// scheme://host[:port] of a URL, as it stands there; empty when there is none.
std::string_view originPart(std::string_view url);

}  // namespace mortise::kernel
