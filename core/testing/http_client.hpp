// The HTTP side of the test kit: one libcurl transfer per request.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace mortise::testing {

// The credentials of a caller; empty members are not sent.
struct Credentials {
  std::string token;   // Authorization: Bearer
  std::string cookie;  // name=value
  std::string csrf;    // X-CSRFToken
  std::string userId;  // their account; not sent
  std::string keyId;   // of an API key; not sent
};

struct HttpAnswer {
  int status = 0;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case

  // Of a refusal of any family: its code, and the fields at fault ("body/email").
  std::string code() const;
  std::vector<std::string> fields() const;
};

struct HttpRequest {
  std::string method;
  std::string path;  // with query
  std::string body{};
  std::vector<std::string> headers{};  // whole lines
};

// How much of an answer is read. A stream may have no end.
enum class Until { end, head };

// `address`: host:port. A body without Content-Type is sent as JSON. Waits at most 60 seconds. Throws
// std::runtime_error when there is no answer.
HttpAnswer send(const std::string& address, const Credentials& credentials, const HttpRequest& request,
                Until until = Until::end);

}  // namespace mortise::testing
