// The network that a caller is counted under where one client must not count as many. Plain C++.
#pragma once

#include <string>
#include <string_view>

namespace auth {

// Of an address as request.address() tells it: an IPv4 address as it is, however it is written ("::ffff:203.0.113.9" is
// "203.0.113.9"); of IPv6 the first 64 bits, which is what one customer gets. Anything else stays as it is.
std::string clientNetwork(std::string_view address);

}  // namespace auth
