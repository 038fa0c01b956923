// Addresses that links of this module begin with. None has a slash at its end.
#pragma once

#include <mortise/config.hpp>

#include <string>

namespace session_sharing {

// The web application of the operator, sync.dashboard_url; may be empty.
std::string dashboardUrlOf(const mortise::Config& config);
// http.public_url, else where the server listens. Not before start().
std::string serverUrlOf(const mortise::Config& config);

}  // namespace session_sharing
