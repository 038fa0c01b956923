// Which addresses belong to the public internet: the rule by which http_client/1 connects, for modules that open
// connections of their own for a user.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstring>

namespace mortise::inline sdk1 {
namespace detail::address {

struct Range4 {
  std::uint32_t base;
  int bits;
};

// IANA IPv4 Special-Purpose Address Registry, what is not globally reachable, and multicast.
inline constexpr Range4 kNotPublic4[] = {
    {0x00000000, 8},   // this network
    {0x0a000000, 8},   // private
    {0x64400000, 10},  // shared (CGN); some clouds keep their metadata here
    {0x7f000000, 8},   // loopback
    {0xa9fe0000, 16},  // link-local, 169.254.169.254
    {0xac100000, 12},  // private
    {0xc0000000, 24},  // protocol assignments
    {0xc0000200, 24},  // documentation
    {0xc0586300, 24},  // 6to4 relay
    {0xc0a80000, 16},  // private
    {0xc6120000, 15},  // benchmarking
    {0xc6336400, 24},  // documentation
    {0xcb007100, 24},  // documentation
    {0xe0000000, 4},   // multicast
    {0xf0000000, 4},   // reserved, broadcast
};

inline bool isPublic4(std::uint32_t address) {
  for (const Range4& range : kNotPublic4) {
    const std::uint32_t mask = 0xffffffffu << (32 - range.bits);
    if ((address & mask) == range.base) return false;
  }
  return true;
}

inline std::uint32_t read4(const unsigned char* at) {
  return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 | at[3];
}

inline bool isPublic6(const unsigned char (&a)[16]) {
  const unsigned char kNat64[12] = {0, 0x64, 0xff, 0x9b};
  if (std::memcmp(a, kNat64, 12) == 0) return isPublic4(read4(a + 12));  // 64:ff9b::/96
  if ((a[0] & 0xe0) != 0x20)
    return false;  // only 2000::/3 is global unicast: no ::1, ::, mapped, fc00::/7, fe80::/10, ff00::/8
  if (a[0] == 0x20 && a[1] == 0x02) return isPublic4(read4(a + 2));      // 6to4
  if (a[0] == 0x20 && a[1] == 0x01 && (a[2] & 0xfe) == 0) return false;  // 2001::/23: Teredo, ORCHID, benchmarking
  if (a[0] == 0x20 && a[1] == 0x01 && a[2] == 0x0d && a[3] == 0xb8) return false;  // documentation
  if (a[0] == 0x3f && a[1] == 0xff && (a[2] & 0xf0) == 0) return false;            // documentation, 3fff::/20
  return true;
}

}  // namespace detail::address

// Whether the address is one of the public internet: not loopback, private, shared, link-local (metadata of clouds),
// multicast, reserved, unspecified or documentation, nor an IPv6 form that wraps such an IPv4 address. `address`: AF_INET
// or AF_INET6, as large as its family says, in network byte order; other families are not public. Ask about the very
// address that is connected to, after the name was resolved: a name may lead elsewhere the next time. Keeps nothing. [any]
// Since: SDK 1.1; it is compiled into the module.
inline bool isPublicAddress(const sockaddr& address) noexcept {
  if (address.sa_family == AF_INET) {
    sockaddr_in in4{};
    std::memcpy(&in4, &address, sizeof in4);
    return detail::address::isPublic4(ntohl(in4.sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 in6{};
    std::memcpy(&in6, &address, sizeof in6);
    unsigned char bytes[16];
    std::memcpy(bytes, &in6.sin6_addr, 16);
    const unsigned char kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (std::memcmp(bytes, kMapped, 12) == 0) return detail::address::isPublic4(detail::address::read4(bytes + 12));
    return detail::address::isPublic6(bytes);
  }
  return false;
}

}  // namespace mortise::inline sdk1
