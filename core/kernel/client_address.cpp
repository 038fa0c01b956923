#include "core/kernel/client_address.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>

#include "core/base/text.hpp"

namespace mortise::kernel {
namespace {

// The members of a list, which may stand in several header lines (RFC 9110 5.3); empty ones are none (5.6.1).
std::vector<std::string_view> listOf(const http::Fields& fields, std::string_view name) {
  std::vector<std::string_view> members;
  for (const auto& field : fields.all()) {
    if (!text::equalsIgnoreCase(field.name, name)) continue;
    for (const auto member : text::split(field.value, ',')) {
      if (const auto trimmed = text::trim(member); !trimmed.empty()) members.push_back(trimmed);
    }
  }
  return members;
}

// "192.0.2.1", "192.0.2.1:8080", "[2001:db8::1]:8080", "2001:db8::1" as they stand in X-Forwarded-For; in quotes where a
// proxy writes them as Forwarded wants it.
std::optional<NetworkAddress> addressOf(std::string_view hop) {
  if (hop.size() >= 2 && hop.starts_with('"') && hop.ends_with('"')) hop = hop.substr(1, hop.size() - 2);
  if (hop.starts_with('[')) {
    const auto end = hop.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    return NetworkAddress::parse(hop.substr(1, end - 1));
  }
  const auto colon = hop.find(':');
  if (colon != std::string_view::npos && hop.find(':', colon + 1) == std::string_view::npos) hop = hop.substr(0, colon);
  return NetworkAddress::parse(hop);
}

}  // namespace

TrustedProxies::TrustedProxies(const std::vector<std::string>& entries) {
  for (const auto& entry : entries) {
    if (entry == "unix") {
      unixTrusted_ = true;
      continue;
    }
    const auto slash = entry.find('/');
    const auto address = NetworkAddress::parse(std::string_view(entry).substr(0, slash));
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
    if (!isFour && address->isFour() && bits < 96) {
      throw std::invalid_argument("\"" + entry + "\" would be far more than the IPv4 network it looks like; write " +
                                  address->text() + " with the bits of IPv4");
    }
    networks_.push_back({*address, isFour ? bits + 96 : bits});
  }
}

bool TrustedProxies::contains(const NetworkAddress& address) const {
  return std::any_of(networks_.begin(), networks_.end(),
                     [&](const Network& network) { return address.isWithin(network.address, network.bits); });
}

bool TrustedProxies::trusts(const http::Peer& peer) const {
  if (peer.isUnix) return unixTrusted_;
  const auto address = NetworkAddress::parse(peer.address);
  return address && contains(*address);
}

std::string_view TrustedProxies::forwarded(const http::Peer& peer, const http::Fields& fields,
                                           std::string_view name) const {
  if (!trusts(peer)) return {};
  const auto values = listOf(fields, name);
  if (values.empty()) return {};
  const auto hops = listOf(fields, "x-forwarded-for");
  if (hops.empty()) return values.front();
  std::size_t proxies = 1;  // the peer
  for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
    const auto address = addressOf(*hop);
    if (!address || !contains(*address)) break;
    ++proxies;
  }
  return values[values.size() - std::min(values.size(), proxies)];
}

std::string TrustedProxies::clientAddress(const http::Peer& peer, const http::Fields& fields) const {
  if ((networks_.empty() && !unixTrusted_) || !trusts(peer)) return peer.address;
  const auto hops = listOf(fields, "x-forwarded-for");
  std::optional<NetworkAddress> nearest;
  for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
    const auto address = addressOf(*hop);
    if (!address) break;
    nearest = address;
    if (!contains(*address)) break;
  }
  return nearest ? nearest->text() : peer.address;
}

}  // namespace mortise::kernel
