// What an object of the probe is called. Plain C++.
#pragma once

#include <mortise/time.hpp>

#include <string>
#include <string_view>

namespace files {

// <prefix>/<YYYYMMDDTHHMMSSZ>-<hex>-<basename>; without a prefix the rest.
std::string probeName(std::string_view prefix, mortise::Time now, std::string_view hex, std::string_view basename);

// __healthcheck__/<YYYYMMDDTHHMMSSZ>-<hex>.txt
std::string smokeName(mortise::Time now, std::string_view hex);

// Backslashes become slashes, slashes at the start go.
std::string normalName(std::string_view sent);

}  // namespace files
