// A port that a firewall might stand in front of.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "sandbox/fd.hpp"

namespace agent::testing_peers {

// A port of the loopback whose packets are lost: its queue is full, and nobody empties it.
class SilentPort {
 public:
  SilentPort() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const int listener = opened();
    if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener, 0) != 0)
      throw std::runtime_error("no port");
    getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    for (int i = 0; i < 8; ++i) (void)connect(opened(), reinterpret_cast<const sockaddr*>(&address), size);
  }
  std::string listed() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  int opened() {
    fds_.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    return fds_.back().get();
  }

  std::vector<sandbox::Fd> fds_;
  std::uint16_t port_ = 0;
};

}  // namespace agent::testing_peers
