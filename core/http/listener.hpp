// One bound, listening socket: TCP over IPv4 or IPv6, or a Unix socket whose file is removed at the end.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"
#include "core/http/message.hpp"

struct sockaddr_storage;

namespace mortise::http {

// Who may connect to a Unix socket.
struct SocketFile {
  mode_t mode = 0660;
  std::optional<gid_t> group{};  // none: the group that the process gives its files
};

class Listener {
 public:
  // Binds "host:port", "[v6]:port" (a name may give several sockets) or "unix:/path", whose file gets `file`. Throws
  // std::runtime_error that names the address and the reason.
  static std::vector<Listener> open(const std::string& address, const SocketFile& file = {});
  // Throws as open() does when `address` has none of these forms; looks up no name and binds nothing.
  static void checkAddress(const std::string& address);

  Listener(Listener&&) = default;
  Listener& operator=(Listener&&) = default;
  ~Listener();

  int fd() const { return fd_.get(); }
  const std::string& address() const { return address_; }  // with the real port
  bool isUnix() const { return !path_.empty(); }
  void close();  // also removes the socket file

  static Peer describe(const sockaddr_storage& storage);

 private:
  Listener(UniqueFd fd, std::string address, std::string path)
      : fd_(std::move(fd)), address_(std::move(address)), path_(std::move(path)) {}
  static Listener openUnix(const std::string& path, const SocketFile& file);

  UniqueFd fd_;
  std::string address_;
  std::string path_;
};

}  // namespace mortise::http
