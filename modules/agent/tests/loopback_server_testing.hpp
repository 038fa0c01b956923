// A server on the loopback that tests write in a few lines.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

namespace agent::testing_peers {

// Takes connections, one after another, and hands each to `serve`, a blocking conversation.
class LoopbackServer {
 public:
  explicit LoopbackServer(std::function<void(int)> serve) : serve_(std::move(serve)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 64) != 0)
      throw std::runtime_error("no port");
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~LoopbackServer() {
    ending_ = true;
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  std::uint16_t port() const { return port_; }
  std::string listed() const { return "127.0.0.1:" + std::to_string(port_); }
  int connections() const { return connections_; }

 private:
  void run() {
    while (!ending_) {
      const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) continue;
      ++connections_;
      const timeval limit{10, 0};
      setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
      serve_(client);
      close(client);
    }
  }

  const std::function<void(int)> serve_;
  const int listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::uint16_t port_ = 0;
  std::atomic<bool> ending_{false};
  std::atomic<int> connections_{0};
  std::thread thread_;
};

// The bytes that come until `end` is in them, or the other side ends.
inline std::string readUntil(int fd, const std::string& end) {
  std::string out;
  char piece[4096];
  while (end.empty() || out.find(end) == std::string::npos) {
    const auto size = recv(fd, piece, sizeof piece, 0);
    if (size <= 0) break;
    out.append(piece, static_cast<std::size_t>(size));
  }
  return out;
}
// A request with its body, whose length its head tells.
inline std::string readRequest(int fd) {
  auto text = readUntil(fd, "\r\n\r\n");
  const auto length = text.find("Content-Length: "), body = text.find("\r\n\r\n") + 4;
  const auto whole = body + (length == std::string::npos ? 0 : std::stoul(text.substr(length + 16)));
  for (char piece[4096]; text.size() < whole;) {
    const auto size = recv(fd, piece, sizeof piece, 0);
    if (size <= 0) break;
    text.append(piece, static_cast<std::size_t>(size));
  }
  return text;
}
// Whether it is a JSON-RPC message of this method.
inline bool says(const std::string& request, const std::string& method) {
  return request.find("\"method\":\"" + method + "\"") != std::string::npos;
}
// A JSON-RPC message with the id of the request.
inline std::string replyTo(const std::string& request, const std::string& rest) {
  const auto at = request.find("\"id\":") + 5;
  return R"({"jsonrpc":"2.0","id":)" + request.substr(at, request.find_first_of(",}", at) - at) + "," + rest + "}";
}
inline void say(int fd, const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto size = send(fd, text.data() + at, text.size() - at, MSG_NOSIGNAL);
    if (size <= 0) return;
    at += static_cast<std::size_t>(size);
  }
}

// `head`: the status, and fields behind it.
inline void answerWith(int fd, const std::string& body, const std::string& head = "200 OK") {
  say(fd, "HTTP/1.1 " + head + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" +
              body);
}
// Answers a request with the head that it got.
inline void showHead(int fd) { answerWith(fd, readUntil(fd, "\r\n\r\n")); }

}  // namespace agent::testing_peers
