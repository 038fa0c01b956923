// Any bytes from a helper: the link takes them or breaks, and holds no more than it gave credit for.
#include <sys/socket.h>

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "sandbox/link.hpp"

namespace {

void must(bool good) {
  if (!good) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace agent::sandbox;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Link link;
  char ready[wire::kHead + 4];
  wire::putHead(ready, wire::Type::ready, 0, 4);
  wire::putU32(ready + wire::kHead, wire::kVersion);
  must(link.receive({ready, sizeof ready}));
  std::size_t shown = 0;
  const auto shell = link.exec("/home/ubuntu", "true", [&](std::string_view piece) { shown += piece.size(); });
  const auto file = link.file(wire::FileOperation::read, "/x", 0, 100);
  const auto program = link.spawn("/home/ubuntu", std::string_view("true\0", 5), {}, {}, {});
  const auto connection = link.connect("/run/socket");
  link.input(*shell, "hello");
  link.ping();
  // In two pieces: where a frame is cut makes no difference.
  const auto half = bytes.size() / 2;
  int pair[2] = {-1, -1};
  must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
  const Fd other(pair[1]);
  const bool good = link.receive(bytes.substr(0, half), Fd(pair[0])) && link.receive(bytes.substr(half));
  must(!program->descriptor &&
       (!connection->exited || !good || (connection->status == 0) == bool(connection->descriptor)));
  must(shown <= kCredit && file->buffer.size() <= kCredit && shell->waitingInput <= 5);
  must(link.channels() <= 4 && link.pings() >= 0);
  if (good) {
    must(!shell->closed || shell->exited);
    link.repay(*shell, kCredit);
    link.close(*file);
  }
  return 0;
}
