// Where a program in a box wants to go: a host and a port, in the one spelling that rules are compared with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace agent::egress {

struct Target {
  std::string host;  // in lower case without a dot at its end; IPv6 without brackets
  std::uint16_t port = 0;
  bool isAddress = false;  // the host is an IP address and no name

  bool operator==(const Target&) const = default;
  std::string text() const;  // "example.com:443", "[2001:db8::1]:80"
};

// "example.com:443", "192.0.2.1", "[::1]:80". Empty for what is no host: other bytes than those of names, labels of no
// or more than 63 bytes, more than 253 bytes, user info, a port that is none, no port where `port` is empty, and
// numbers that the system would read as an address but that are not written as one ("127.1", "0x7f000001").
std::optional<Target> readTarget(std::string_view authority, std::optional<std::uint16_t> port);

}  // namespace agent::egress
