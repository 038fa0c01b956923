// The address of the caller: the socket's peer, or, behind trusted proxies only, that of X-Forwarded-For.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/network_address.hpp"
#include "core/http/message.hpp"

namespace mortise::kernel {

class TrustedProxies {
 public:
  // Entries: an address, a network ("10.0.0.0/8", "fd00::/8"), or "unix" for peers on a Unix socket. Throws
  // std::invalid_argument naming the entry.
  explicit TrustedProxies(const std::vector<std::string>& entries);
  // The right-most forwarded address that is not itself a trusted proxy, in its one spelling; the peer when it is not
  // trusted or no valid address was forwarded.
  std::string clientAddress(const http::Peer& peer, const http::Fields& fields) const;
  // What the proxy that the client reached says in the field `name` (X-Forwarded-Proto, X-Forwarded-Host); empty when
  // the peer is not trusted or says nothing. In a list each proxy has added its own value at the end. So the value
  // stands as far from the end as there are trusted proxies by X-Forwarded-For; before it stands what the client wrote.
  // Of a list without any X-Forwarded-For the first value is taken.
  std::string_view forwarded(const http::Peer& peer, const http::Fields& fields, std::string_view name) const;
  bool trusts(const http::Peer& peer) const;

 private:
  struct Network {
    NetworkAddress address;
    unsigned bits = 0;
  };
  bool contains(const NetworkAddress& address) const;
  std::vector<Network> networks_;
  bool unixTrusted_ = false;
};

}  // namespace mortise::kernel
