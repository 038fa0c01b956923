// Addresses of other servers that people type in. Plain C++; taken apart by libcurl's URL API.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace session_sharing {

struct OutsideUrl {
  std::string text;    // without slashes at its end
  std::string origin;  // https://host:443, in lower case
  bool isHttps = false;
};

// Empty for what is not absolute, has another scheme than http and https, no host, user info, a query, a fragment,
// white space, control characters or a backslash, or more than 500 bytes.
std::optional<OutsideUrl> outsideUrl(std::string_view text);

}  // namespace session_sharing
