#include "core/kernel/client_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "core/base/text.hpp"

namespace mortise::kernel {

std::optional<std::array<std::uint8_t, 16>> parseAddress(std::string_view text) {
  std::array<std::uint8_t, 16> bytes{};
  const std::string copy(text);
  if (copy.find(':') != std::string::npos) {
    if (inet_pton(AF_INET6, copy.c_str(), bytes.data()) != 1) return std::nullopt;
    return bytes;
  }
  bytes[10] = bytes[11] = 0xff;
  if (inet_pton(AF_INET, copy.c_str(), bytes.data() + 12) != 1) return std::nullopt;
  return bytes;
}

namespace {

// The members of a list, which may stand in several header lines (RFC 9110 5.3).
std::vector<std::string_view> listOf(const http::Fields& fields, std::string_view name) {
  std::vector<std::string_view> members;
  for (const auto& field : fields.all()) {
    if (!text::equalsIgnoreCase(field.name, name)) continue;
    for (const auto member : text::split(field.value, ',')) members.push_back(text::trim(member));
  }
  return members;
}

// "192.0.2.1", "192.0.2.1:8080", "[2001:db8::1]:8080", "2001:db8::1" as they stand in X-Forwarded-For.
std::string_view withoutPort(std::string_view text) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    return end == std::string_view::npos ? std::string_view{} : text.substr(1, end - 1);
  }
  const auto colon = text.find(':');
  if (colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos)
    return text.substr(0, colon);
  return text;
}

}  // namespace

TrustedProxies::TrustedProxies(const std::vector<std::string>& entries) {
  for (const auto& entry : entries) {
    if (entry == "unix") {
      unixTrusted_ = true;
      continue;
    }
    const auto slash = entry.find('/');
    const auto address = parseAddress(std::string_view(entry).substr(0, slash));
    const bool isFour = entry.find(':') == std::string::npos;
    unsigned bits = isFour ? 32 : 128;
    if (slash != std::string::npos) {
      const char* begin = entry.data() + slash + 1;
      const auto [end, failure] = std::from_chars(begin, entry.data() + entry.size(), bits);
      if (failure != std::errc{} || end != entry.data() + entry.size() || bits > (isFour ? 32u : 128u)) bits = 1000;
    }
    if (!address || bits == 1000) {
      throw std::invalid_argument("\"" + entry +
                                  "\" is neither an IP address, a network such as 10.0.0.0/8, nor the word unix");
    }
    networks_.push_back({*address, isFour ? bits + 96 : bits});
  }
}

bool TrustedProxies::contains(std::string_view text) const {
  const auto address = parseAddress(text);
  if (!address) return false;
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    for (unsigned bit = 0; bit < network.bits; bit += 8) {
      const unsigned rest = std::min(8u, network.bits - bit);
      const auto mask = static_cast<std::uint8_t>(0xff << (8 - rest));
      if (((*address)[bit / 8] & mask) != (network.bytes[bit / 8] & mask)) return false;
    }
    return true;
  });
}

bool TrustedProxies::trusts(const http::Peer& peer) const {
  return peer.isUnix ? unixTrusted_ : contains(peer.address);
}

std::string_view TrustedProxies::forwarded(const http::Peer& peer, const http::Fields& fields,
                                           std::string_view name) const {
  if (!trusts(peer)) return {};
  const auto values = listOf(fields, name);
  if (values.empty()) return {};
  const auto hops = listOf(fields, "x-forwarded-for");
  if (hops.empty()) return values.front();
  std::size_t proxies = 1;  // the peer
  for (auto hop = hops.rbegin(); hop != hops.rend() && contains(withoutPort(*hop)); ++hop) ++proxies;
  return values[values.size() - std::min(values.size(), proxies)];
}

std::string TrustedProxies::clientAddress(const http::Peer& peer, const http::Fields& fields) const {
  if ((networks_.empty() && !unixTrusted_) || !trusts(peer)) return peer.address;
  const auto hops = listOf(fields, "x-forwarded-for");
  std::string_view nearest;
  for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
    const auto address = withoutPort(*hop);
    if (!parseAddress(address)) break;
    nearest = address;
    if (!contains(address)) break;
  }
  return nearest.empty() ? peer.address : std::string(nearest);
}

}  // namespace mortise::kernel
