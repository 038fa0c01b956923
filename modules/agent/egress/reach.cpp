#include "egress/reach.hpp"

#include <mortise/public_address.hpp>

#include <arpa/inet.h>
#include <ifaddrs.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace agent::egress {
namespace {

std::string_view bytesOf(const sockaddr& address) {
  if (address.sa_family == AF_INET)
    return {reinterpret_cast<const char*>(&reinterpret_cast<const sockaddr_in&>(address).sin_addr), sizeof(in_addr)};
  return {reinterpret_cast<const char*>(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr), sizeof(in6_addr)};
}

// Nothing of this machine may be reached, whoever listens there: this server, a database, a neighbour.
bool isOfThisMachine(const Address& address) {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return true;
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> all(first, freeifaddrs);
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != address.get().sa_family) continue;
    if (bytesOf(*one->ifa_addr) == bytesOf(address.get())) return true;
  }
  return false;
}

}  // namespace

Address::Address(const sockaddr& address, std::uint16_t port) {
  std::memcpy(&storage_, &address, address.sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
  if (auto* six = reinterpret_cast<sockaddr_in6*>(&storage_);
      address.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
    sockaddr_in four{};
    four.sin_family = AF_INET;
    std::memcpy(&four.sin_addr, six->sin6_addr.s6_addr + 12, sizeof four.sin_addr);
    storage_ = {};
    std::memcpy(&storage_, &four, sizeof four);
  }
  // sin_port and sin6_port lie at the same place.
  reinterpret_cast<sockaddr_in&>(storage_).sin_port = htons(port);
}

Address::Address(const Target& target)
    : Address([&] {
        sockaddr_in6 six{};
        sockaddr_in four{};
        six.sin6_family = AF_INET6;
        four.sin_family = AF_INET;
        sockaddr_storage out{};
        if (inet_pton(AF_INET, target.host.c_str(), &four.sin_addr) == 1) {
          std::memcpy(&out, &four, sizeof four);
        } else {
          inet_pton(AF_INET6, target.host.c_str(), &six.sin6_addr);
          std::memcpy(&out, &six, sizeof six);
        }
        return Address(reinterpret_cast<const sockaddr&>(out), target.port);
      }()) {}

socklen_t Address::size() const { return storage_.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6); }

bool Address::operator==(const Address& other) const {
  return storage_.ss_family == other.storage_.ss_family && bytesOf(get()) == bytesOf(other.get()) &&
         reinterpret_cast<const sockaddr_in&>(storage_).sin_port ==
             reinterpret_cast<const sockaddr_in&>(other.storage_).sin_port;
}

Reach::Reach(const std::vector<std::string>& listed) {
  for (const auto& text : listed) {
    const auto target = readTarget(text, std::nullopt);
    if (!target || !target->isAddress)
      throw std::invalid_argument("\"" + text + "\" is no address with a port; write 10.0.0.5:8080 or [fd00::5]:443");
    listed_.emplace_back(*target);
  }
}

bool Reach::lists(const Address& address) const {
  return std::find(listed_.begin(), listed_.end(), address) != listed_.end();
}

bool Reach::may(const Address& address) const {
  return lists(address) || (mortise::isPublicAddress(address.get()) && !isOfThisMachine(address));
}

}  // namespace agent::egress
