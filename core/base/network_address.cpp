#include "core/base/network_address.hpp"

#include <arpa/inet.h>

#include <algorithm>

namespace mortise {
namespace {

constexpr std::size_t kMaxLength = INET6_ADDRSTRLEN - 1;
constexpr std::size_t kPrefix = 12;  // bytes of ::ffff: before an IPv4 address
constexpr std::array<std::uint8_t, kPrefix> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::string sixText(const std::array<std::uint8_t, 16>& bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  ::inet_ntop(AF_INET6, bytes.data(), text, sizeof text);
  return text;
}

}  // namespace

std::optional<NetworkAddress> NetworkAddress::parse(std::string_view text) {
  const bool isSix = text.find(':') != std::string_view::npos;
  if (isSix) text = text.substr(0, text.find('%'));
  if (text.size() > kMaxLength || text.find('\0') != std::string_view::npos) return std::nullopt;
  NetworkAddress address;
  auto& bytes = address.bytes_;
  if (isSix) {
    if (::inet_pton(AF_INET6, std::string(text).c_str(), bytes.data()) != 1) return std::nullopt;
    return address;
  }
  std::copy(kMapped.begin(), kMapped.end(), bytes.begin());
  if (::inet_pton(AF_INET, std::string(text).c_str(), bytes.data() + kPrefix) != 1) return std::nullopt;
  return address;
}

bool NetworkAddress::isFour() const { return std::equal(kMapped.begin(), kMapped.end(), bytes_.begin()); }

bool NetworkAddress::isLoopback() const {
  constexpr std::array<std::uint8_t, 16> kSix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return isFour() ? bytes_[kPrefix] == 127 : bytes_ == kSix;
}

std::string NetworkAddress::text() const {
  if (!isFour()) return sixText(bytes_);
  char text[INET_ADDRSTRLEN] = "";
  ::inet_ntop(AF_INET, bytes_.data() + kPrefix, text, sizeof text);
  return text;
}

NetworkAddress NetworkAddress::masked(unsigned bits) const {
  NetworkAddress out;
  for (unsigned bit = 0; bit < bits; bit += 8) {
    const auto mask = static_cast<std::uint8_t>(0xff << (8 - std::min(8u, bits - bit)));
    out.bytes_[bit / 8] = bytes_[bit / 8] & mask;
  }
  return out;
}

bool NetworkAddress::isWithin(const NetworkAddress& network, unsigned bits) const {
  return masked(bits) == network.masked(bits);
}

std::string NetworkAddress::network(unsigned bits) const {
  return sixText(masked(bits).bytes_) + "/" + std::to_string(bits);
}

ClientNetworks ClientNetworks::of(std::string_view address) {
  constexpr unsigned kNearest = 64, kSite = 56;
  const auto parsed = NetworkAddress::parse(address);
  if (!parsed) return {std::string(address), {}};
  if (parsed->isFour()) return {parsed->text(), {}};
  return {parsed->network(kNearest), parsed->network(kSite)};
}

}  // namespace mortise
