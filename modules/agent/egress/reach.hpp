// Which addresses the proxy may connect to, whatever name led to them.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "egress/target.hpp"

namespace agent::egress {

// An address and port, as the kernel takes it.
class Address {
 public:
  // `address`: AF_INET or AF_INET6; the port becomes `port`.
  Address(const sockaddr& address, std::uint16_t port);
  // Of a target that is an address.
  explicit Address(const Target& target);

  const sockaddr& get() const { return reinterpret_cast<const sockaddr&>(storage_); }
  socklen_t size() const;
  bool operator==(const Address& other) const;

 private:
  sockaddr_storage storage_{};
};

// The public internet, without this machine itself, and what the operator listed.
class Reach {
 public:
  Reach() = default;
  // "10.0.0.5:8080", "[fd00::5]:443". Throws std::invalid_argument.
  explicit Reach(const std::vector<std::string>& listed);

  bool lists(const Address& address) const;
  // Asks the kernel for the addresses of this machine each time: they change.
  bool may(const Address& address) const;

 private:
  std::vector<Address> listed_;
};

}  // namespace agent::egress
