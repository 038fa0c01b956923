#include "descriptors.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <cstring>

#include "protocol.hpp"

namespace agent::sandbox {
namespace {

constexpr std::size_t kMaxReceived = 4;  // the kernel closes those for which there is no room

int optionOf(int socket, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  return getsockopt(socket, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

// Only sockets have these options: a file, a FIFO or a device has none.
bool isConnectedUnixStream(int fd) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  return optionOf(fd, SO_DOMAIN) == AF_UNIX && optionOf(fd, SO_TYPE) == SOCK_STREAM &&
         optionOf(fd, SO_ACCEPTCONN) == 0 && getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
}

}  // namespace

ssize_t sendWith(int socket, std::string_view bytes, const std::vector<Fd>* descriptors) {
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * wire::kMaxDescriptors)] = {};
  if (descriptors != nullptr && !descriptors->empty()) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * descriptors->size());
    auto* const head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int) * descriptors->size());
    auto* at = CMSG_DATA(head);
    for (const auto& descriptor : *descriptors) {
      const int fd = descriptor.get();
      std::memcpy(at, &fd, sizeof fd);
      at += sizeof fd;
    }
  }
  return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

ssize_t receiveWith(int socket, char* bytes, std::size_t size, Fd& descriptor) {
  iovec part{bytes, size};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxReceived)] = {};
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const auto received = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (received < 0) return received;
  std::vector<Fd> all;
  bool good = (message.msg_flags & MSG_CTRUNC) == 0;
  for (auto* head = CMSG_FIRSTHDR(&message); head != nullptr; head = CMSG_NXTHDR(&message, head)) {
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
    const auto count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(head) + i * sizeof fd, sizeof fd);
      all.emplace_back(fd);
    }
  }
  if (all.empty()) return good ? received : kBadDescriptors;
  good = good && all.size() == 1 && isConnectedUnixStream(all.front().get()) &&
         fcntl(all.front().get(), F_SETFL, O_NONBLOCK) == 0;
  if (!good) return kBadDescriptors;
  descriptor = std::move(all.front());
  return received;
}

}  // namespace agent::sandbox
