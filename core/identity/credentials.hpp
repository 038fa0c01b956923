#pragma once

#include <string_view>

namespace mortise::identity {

// The credentials of a request. Absent ones are empty.
struct Credentials {
  std::string_view authorization;      // whole header value
  bool repeatedAuthorization = false;  // more than one header: refused
  std::string_view sessionCookie;
  std::string_view queryToken;
  std::string_view address;  // the client's; recorded when an API key is used
};

}  // namespace mortise::identity
