#pragma once

#include <mortise/config.hpp>

#include <string>

namespace auth {

// Where people sign in: auth.site_url, else http.public_url. May be empty.
std::string siteUrlFrom(const mortise::Config& config);

}  // namespace auth
