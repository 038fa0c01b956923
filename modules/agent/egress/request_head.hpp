// The head of a request to the proxy: CONNECT, or a request of plain HTTP with a whole address in it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "egress/target.hpp"

namespace agent::egress {

inline constexpr std::size_t kMaxHead = 16U << 10U;  // bytes

struct RequestHead {
  Target target;
  bool tunnels = false;          // CONNECT: bytes follow both ways
  std::string forwarded{};       // else the head as the server gets it: one request, then the connection ends
  std::uint64_t bodyLength = 0;  // bytes of the body that follows; 0 for CONNECT
};

// Why a request is not served.
struct Refusal {
  int status = 400;
  std::string reason;  // for whoever reads it in the box

  // The whole response.
  std::string text() const;
};

// Where the head in `bytes` ends, its empty line included; 0 when it is not whole yet.
std::size_t headSize(std::string_view bytes);

// `head`: as far as headSize() says. What belongs to one connection is left out of what is forwarded, the Host is that
// of the address. Refused: heads that are no HTTP/1, more than 100 fields, bodies of a length that is not told (411).
std::variant<RequestHead, Refusal> readHead(std::string_view head);

}  // namespace agent::egress
