// An IP address by its meaning: every spelling of one address gives the same value.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace mortise {

class NetworkAddress {
 public:
  // "192.0.2.1", "2001:DB8:0::1", "::ffff:192.0.2.1" (which is the first), "fe80::1%eth0" (the zone is dropped). nullopt
  // for anything else, names among it.
  static std::optional<NetworkAddress> parse(std::string_view text);

  bool isFour() const;  // IPv4, also written as an IPv4-mapped IPv6 address
  bool isLoopback() const;
  // The one spelling: dotted for IPv4, RFC 5952 for IPv6.
  std::string text() const;
  // The network of that many bits, of 128 for both families (IPv4: 96 + its bits).
  bool isWithin(const NetworkAddress& network, unsigned bits) const;
  // "2001:db8:1:2::/64".
  std::string network(unsigned bits) const;

  bool operator==(const NetworkAddress&) const = default;

 private:
  NetworkAddress masked(unsigned bits) const;  // without the bits behind these

  std::array<std::uint8_t, 16> bytes_{};  // IPv4 as ::ffff:a.b.c.d
};

// What one client is to limits, since an IPv6 client chooses among the addresses of a whole network: it is counted by its
// /64, and by its /56 against a higher number (kSiteFactor). An IPv4 client is its address. What is no IP address ("unix")
// stands for itself.
struct ClientNetworks {
  static constexpr unsigned kSiteFactor = 2;
  static ClientNetworks of(std::string_view address);

  std::string nearest;  // the address, or the /64
  std::string site;     // the /56; empty for IPv4
  const std::string& widest() const { return site.empty() ? nearest : site; }
};

}  // namespace mortise
