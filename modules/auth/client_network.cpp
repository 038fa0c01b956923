#include "client_network.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace auth {
namespace {

using Bytes = std::array<unsigned char, 16>;
constexpr Bytes kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr std::size_t kMappedPrefix = 12, kNetwork = 8;

std::string textOf(int family, const unsigned char* bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, bytes, text.data(), text.size());
  return text.data();
}

}  // namespace

std::string clientNetwork(std::string_view address) {
  const std::string text(address.substr(0, address.find('%')));  // without the name of an interface
  Bytes bytes{};
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return std::string(address);
  if (std::equal(kMapped.begin(), kMapped.begin() + kMappedPrefix, bytes.begin()))
    return textOf(AF_INET, bytes.data() + kMappedPrefix);
  std::fill(bytes.begin() + kNetwork, bytes.end(), 0);
  return textOf(AF_INET6, bytes.data()) + "/64";
}

}  // namespace auth
