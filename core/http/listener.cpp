#include "core/http/listener.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace mortise::http {
namespace {

constexpr int kBacklog = 1024;
constexpr const char* kUnixPrefix = "unix:";

[[noreturn]] void fail(const std::string& address, const std::string& what) {
  throw std::runtime_error("cannot listen on " + address + ": " + what);
}

std::string nameOf(const Peer& peer) {
  const bool v6 = peer.address.find(':') != std::string::npos;
  return (v6 ? "[" + peer.address + "]" : peer.address) + ":" + std::to_string(peer.port);
}

struct HostAndPort {
  std::string host, port;
};

HostAndPort split(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) fail(address, "expected host:port, [v6]:port or unix:/path");
  HostAndPort parts{address.substr(0, colon), address.substr(colon + 1)};
  unsigned port = 0;
  const auto* end = parts.port.data() + parts.port.size();
  const auto [stopped, failure] = std::from_chars(parts.port.data(), end, port);
  if (failure != std::errc() || stopped != end || port > 65535) fail(address, "the port must be a number up to 65535");
  if (parts.host.size() >= 2 && parts.host.front() == '[' && parts.host.back() == ']') {
    parts.host = parts.host.substr(1, parts.host.size() - 2);
  } else if (parts.host.find(':') != std::string::npos) {
    fail(address, "an IPv6 address needs brackets, as in [::1]:8000");
  }
  return parts;
}

}  // namespace

Peer Listener::describe(const sockaddr_storage& storage) {
  Peer peer;
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    peer.port = ntohs(v4.sin_port);
  } else if (storage.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      ::inet_ntop(AF_INET, v6.sin6_addr.s6_addr + 12, text, sizeof text);
    } else {
      ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    }
    peer.port = ntohs(v6.sin6_port);
  } else {
    peer.isUnix = true;
    peer.address = "unix";
    return peer;
  }
  peer.address = text;
  return peer;
}

void Listener::checkAddress(const std::string& address) {
  if (address.rfind(kUnixPrefix, 0) != 0) {
    split(address);
    return;
  }
  const auto size = address.size() - std::strlen(kUnixPrefix);
  if (size == 0 || size >= sizeof sockaddr_un{}.sun_path) fail(address, "the path is empty or too long");
}

std::vector<Listener> Listener::open(const std::string& address, const SocketFile& file) {
  checkAddress(address);
  std::vector<Listener> result;
  if (address.rfind(kUnixPrefix, 0) == 0) {
    result.push_back(openUnix(address.substr(std::strlen(kUnixPrefix)), file));
    return result;
  }
  const auto [host, port] = split(address);
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* addresses = nullptr;
  const int code =
      ::getaddrinfo(host.empty() || host == "*" ? nullptr : host.c_str(), port.c_str(), &hints, &addresses);
  if (code != 0) fail(address, ::gai_strerror(code));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(addresses, ::freeaddrinfo);
  for (const addrinfo* one = addresses; one != nullptr; one = one->ai_next) {
    UniqueFd fd(::socket(one->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) {
      if (errno == EAFNOSUPPORT && (one->ai_next != nullptr || !result.empty())) continue;
      fail(address, std::strerror(errno));
    }
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (one->ai_family == AF_INET6) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (::bind(fd.get(), one->ai_addr, one->ai_addrlen) != 0) fail(address, std::strerror(errno));
    if (::listen(fd.get(), kBacklog) != 0) fail(address, std::strerror(errno));
    sockaddr_storage bound{};
    socklen_t length = sizeof bound;
    if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound), &length) != 0) fail(address, std::strerror(errno));
    result.push_back(Listener(std::move(fd), nameOf(describe(bound)), ""));
  }
  if (result.empty()) fail(address, "no usable address");
  return result;
}

Listener Listener::openUnix(const std::string& path, const SocketFile& file) {
  const std::string name = kUnixPrefix + path;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0) {
    if (!S_ISSOCK(info.st_mode)) fail(name, "a file that is no socket is in the way");
    const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!probe) fail(name, std::strerror(errno));
    if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      fail(name, "another process answers there");
    }
    if (errno != ECONNREFUSED) fail(name, std::strerror(errno));
    ::unlink(path.c_str());
  }
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) fail(name, std::strerror(errno));
  // bind() creates the file, so its group and mode are set before listen() admits the first client.
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    fail(name, std::strerror(errno));
  const auto giveUp = [&](const char* what) {
    const std::string reason = std::strerror(errno);
    ::unlink(path.c_str());
    fail(name, what + reason);
  };
  if (file.group && ::chown(path.c_str(), static_cast<uid_t>(-1), *file.group) != 0)
    giveUp("its group can't be set (http.socket_group): ");
  if (::chmod(path.c_str(), file.mode) != 0 || ::listen(fd.get(), kBacklog) != 0) giveUp("");
  return Listener(std::move(fd), name, path);
}

Listener::~Listener() { close(); }

void Listener::close() {
  if (!fd_) return;
  fd_.reset();
  if (!path_.empty()) ::unlink(path_.c_str());
}

}  // namespace mortise::http
