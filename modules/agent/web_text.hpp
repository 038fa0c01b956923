// Words of addresses and header fields, for what administrators and other people's servers name.
#pragma once

#include <mortise/ascii.hpp>

#include <algorithm>
#include <string>
#include <string_view>

namespace agent {

constexpr bool isAsciiAlphanumeric(char c) {
  const char folded = mortise::asciiLowerCase(c);
  return (c >= '0' && c <= '9') || (folded >= 'a' && folded <= 'z');
}

// RFC 9110: what a header field may be called.
inline bool isToken(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return isAsciiAlphanumeric(c) || kMarks.find(c) != std::string_view::npos;
  });
}

// What an address is made of.
struct AddressParts {
  std::string_view scheme;  // with "://"; may be empty
  std::string_view user;    // user information, without "@"; may be empty
  std::string_view rest;    // host, port, path, query and fragment
  bool hasUser = false;
};
inline AddressParts partsOf(std::string_view address) {
  const auto begin = address.find("://");
  const auto host = begin == std::string_view::npos ? 0 : begin + 3;
  AddressParts out{address.substr(0, host), {}, address.substr(host)};
  const auto at = out.rest.substr(0, out.rest.find_first_of("/?#")).rfind('@');
  if (at == std::string_view::npos) return out;
  out.hasUser = true;
  out.user = out.rest.substr(0, at);
  out.rest.remove_prefix(at + 1);
  return out;
}

// "https://host:port" of an address, in lower case, without the port that its scheme stands for; empty: it has no scheme.
inline std::string originOf(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  auto out = mortise::asciiLowerCase(url.substr(0, url.find_first_of("/?#", scheme + 3)));
  const std::string_view port = out.starts_with("https:") ? ":443" : ":80";
  if (out.ends_with(port)) out.resize(out.size() - port.size());
  return out;
}
// Where what was given for one address may go to the other, too.
inline bool areOfOneOrigin(std::string_view a, std::string_view b) {
  const auto origin = originOf(a);
  return !origin.empty() && origin == originOf(b);
}

}  // namespace agent
