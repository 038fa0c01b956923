// What an object of the probe is called. Plain C++.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace files {

// <prefix>/<YYYYMMDDTHHMMSSZ>-<hex>-<basename>; without a prefix the rest.
std::string probeName(std::string_view prefix, std::int64_t now, std::string_view hex, std::string_view basename);

// __healthcheck__/<YYYYMMDDTHHMMSSZ>-<hex>.txt
std::string smokeName(std::int64_t now, std::string_view hex);

// Backslashes become slashes, slashes at the start go.
std::string normalName(std::string_view sent);

}  // namespace files
