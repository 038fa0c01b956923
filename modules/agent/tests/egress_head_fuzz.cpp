// Any bytes as the head of a request to the proxy: refused, or forwarded as one head with one Host.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <variant>

#include "egress/request_head.hpp"

namespace {

void must(bool good) {
  if (!good) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace agent::egress;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto result = readHead(bytes);
  const auto* request = std::get_if<RequestHead>(&result);
  if (request == nullptr) return 0;
  must(request->target.port != 0 && !request->target.host.empty());
  const auto again = readTarget(request->target.text(), std::nullopt);
  must(again && *again == request->target);
  if (request->tunnels) {
    must(request->forwarded.empty() && request->bodyLength == 0);
    return 0;
  }
  must(headSize(request->forwarded) == request->forwarded.size());
  must(request->forwarded.find("\r\nHost: ") == request->forwarded.find("\r\n"));
  must(request->forwarded.find("\r\nhost:") == std::string::npos);
  return 0;
}
