// The way out of a box that has one: what programs say to 127.0.0.1:3128 goes to the server's proxy, and back. A process of
// its own, so that whatever it carries keeps nothing else waiting.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <initializer_list>

#include "helper.hpp"

namespace agent::sandbox::helper {
namespace {

constexpr int kMaxPairs = 128;  // others wait to be accepted
constexpr std::size_t kRoom = 16U << 10U;
constexpr int kLingerMs = 5000;  // for a program to take what came last
constexpr int kAgainMs = 1000;

void closeFd(int& fd) {
  if (fd >= 0) close(fd);
  fd = -1;
}

// Bytes from one side to the other.
struct Flow {
  char bytes[kRoom];
  std::size_t begin = 0;
  std::size_t end = 0;
  bool ended = false;  // nothing more comes
  bool dead = false;   // nobody takes it any more
  bool shut = false;   // and the other side knows

  bool empty() const { return begin == end; }
  // False when the side it comes from is broken.
  bool read(int from) {
    if (ended || !empty()) return true;
    const auto size = recv(from, bytes, sizeof bytes, 0);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    begin = 0;
    end = static_cast<std::size_t>(size);
    ended = size == 0;
    return true;
  }
  void write(int to) {
    while (!empty() && !dead) {
      const auto size = send(to, bytes + begin, end - begin, MSG_NOSIGNAL);
      if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (size < 0) dead = true;
      if (size > 0) begin += static_cast<std::size_t>(size);
    }
    if (dead) begin = end;
    if (ended && empty() && !shut) {
      shutdown(to, SHUT_WR);
      shut = true;
    }
  }
};

struct Pair {
  int client = -1;
  int server = -1;
  std::int64_t closeAt = 0;
  Flow up;
  Flow down;

  void open(int accepted, int connected) {
    client = accepted;
    server = connected;
    closeAt = 0;
    for (Flow* flow : {&up, &down}) {
      flow->begin = flow->end = 0;
      flow->ended = flow->dead = flow->shut = false;
    }
  }
  void close() {
    closeFd(client);
    closeFd(server);
  }
  void step() {
    const bool good = up.read(client) && down.read(server);
    if (good) {
      up.write(server);
      down.write(client);
    }
    if (!good || down.dead || (up.shut && down.shut)) return close();
    // The proxy said its last: what the program still says is read and dropped, so that it takes that last.
    if (up.dead && closeAt == 0) closeAt = nowMs() + kLingerMs;
    if (closeAt != 0 && nowMs() >= closeAt) close();
  }
  bool watchesEnd() const { return down.shut && !up.dead; }
  short wantedOfClient() const {
    return static_cast<short>((!up.ended && up.empty() ? POLLIN : 0) | (down.empty() ? 0 : POLLOUT));
  }
  short wantedOfServer() const {
    return static_cast<short>((!down.ended && down.empty() ? POLLIN : 0) | (up.empty() ? 0 : POLLOUT));
  }
};

class Relay {
 public:
  [[noreturn]] void run() {
    for (;;) {
      if (listener_ < 0) listen();
      wait();
    }
  }
  void listen() {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(wire::kRelayPort);
    const int on = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_, 128) != 0)
      closeFd(listener_);  // a program has the port: it is tried again
  }
  void stopListening() { closeFd(listener_); }
  // In a child: no descriptor but the listener.
  void keepListener() {
    keepDescriptors(&listener_, listener_ < 0 ? 0 : 1);
    if (listener_ >= 0) listener_ = 3;
  }

 private:
  void wait() {
    pollfd fds[1 + 2 * kMaxPairs];
    Pair* const free = freePair();
    fds[0] = {free != nullptr ? listener_ : -1, POLLIN, 0};
    int count = 1;
    bool closing = false;
    for (auto& pair : pairs_) {
      if (pair.client < 0) continue;
      const short ofClient = pair.wantedOfClient(), ofServer = pair.wantedOfServer();
      fds[count++] = {ofClient != 0 ? pair.client : -1, ofClient, 0};
      // Without an event that is waited for, only whether it has gone.
      fds[count++] = {ofServer != 0 || pair.watchesEnd() ? pair.server : -1, ofServer, 0};
      closing = closing || pair.closeAt != 0;
    }
    poll(fds, static_cast<nfds_t>(count), closing || listener_ < 0 ? kAgainMs : -1);
    int at = 1;
    for (auto& pair : pairs_) {
      if (pair.client < 0) continue;
      at += 2;
      if (pair.watchesEnd() && (fds[at - 1].revents & POLLHUP) != 0) pair.up.dead = true;
      pair.step();
    }
    if ((fds[0].revents & POLLIN) != 0) accept(*free);
  }

  Pair* freePair() {
    for (auto& pair : pairs_) {
      if (pair.client < 0) return &pair;
    }
    return nullptr;
  }

  void accept(Pair& pair) {
    int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0) return;
    int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    memcpy(name.sun_path, wire::kEgressSocket, sizeof wire::kEgressSocket);
    if (connect(server, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
      closeFd(server);
      closeFd(client);
      return;
    }
    pair.open(client, server);
  }

  int listener_ = -1;
  Pair pairs_[kMaxPairs];
};

Relay g_relay;

}  // namespace

bool hasWayOut() {
  struct stat info {};
  return stat(wire::kEgressSocket, &info) == 0 && S_ISSOCK(info.st_mode);
}

pid_t startRelay() {
  g_relay.listen();  // already here: the next command may connect before the process has run at all
  const pid_t relay = fork();
  if (relay == 0) {
    g_relay.keepListener();
    prctl(PR_SET_NAME, "egress");
    g_relay.run();
  }
  const int reason = errno;
  g_relay.stopListening();
  errno = reason;
  return relay;
}

}  // namespace agent::sandbox::helper
