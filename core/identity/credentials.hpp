#pragma once

#include <string_view>

namespace mortise::identity {

// What a request brought. Empty members were absent.
struct Credentials {
  std::string_view authorization;      // whole header value
  bool repeatedAuthorization = false;  // more than one header: refused
  std::string_view sessionCookie;
  std::string_view queryToken;
  std::string_view address;  // the client's; recorded when an API key is used
};

}  // namespace mortise::identity
