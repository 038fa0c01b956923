// Test helpers of this folder: a scriptable application, a raw client with deadlines, masked frames.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "core/base/eventually_testing.hpp"
#include "core/http/ascii.hpp"
#include "core/http/server.hpp"

namespace mortise::http::test {

using namespace std::chrono_literals;
inline constexpr auto kPatience = 10s;  // how long a test waits before it reports a hang

inline std::string maskedFrame(std::uint8_t opcode, std::string_view payload, bool final = true) {
  std::string frame;
  frame.push_back(static_cast<char>((final ? 0x80 : 0) | opcode));
  if (payload.size() <= 125) {
    frame.push_back(static_cast<char>(0x80 | payload.size()));
  } else if (payload.size() <= 0xFFFF) {
    frame.push_back(static_cast<char>(0xFE));
    frame.push_back(static_cast<char>(payload.size() >> 8));
    frame.push_back(static_cast<char>(payload.size() & 0xFF));
  } else {
    frame.push_back(static_cast<char>(0xFF));
    for (int shift = 56; shift >= 0; shift -= 8) frame.push_back(static_cast<char>((payload.size() >> shift) & 0xFF));
  }
  const char mask[4] = {0x12, 0x34, 0x56, 0x78};
  frame.append(mask, 4);
  for (std::size_t i = 0; i < payload.size(); ++i) frame.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
  return frame;
}

struct Answer {
  int status = 0;
  std::string head;
  std::string body;
  std::string field(std::string_view name) const {
    std::size_t at = head.find("\r\n");
    while (at != std::string::npos && at + 2 < head.size()) {
      const std::size_t end = head.find("\r\n", at + 2);
      const std::string line = head.substr(at + 2, end == std::string::npos ? end : end - at - 2);
      const std::size_t colon = line.find(':');
      if (colon != std::string::npos && equalsNoCase(line.substr(0, colon), name)) {
        return std::string(trimBlanks(std::string_view(line).substr(colon + 1)));
      }
      at = end;
    }
    return {};
  }
};

// A blocking socket whose every wait ends after kPatience.
class Client {
 public:
  explicit Client(const std::string& address, int receiveBuffer = 0) {
    if (address.rfind("unix:", 0) == 0) {
      sockaddr_un name{};
      name.sun_family = AF_UNIX;
      std::strncpy(name.sun_path, address.c_str() + 5, sizeof name.sun_path - 1);
      fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0;
      return;
    }
    const std::size_t colon = address.rfind(':');
    const auto port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
    if (address[0] == '[') {
      sockaddr_in6 name{};
      name.sin6_family = AF_INET6;
      name.sin6_port = port;
      ::inet_pton(AF_INET6, address.substr(1, colon - 2).c_str(), &name.sin6_addr);
      fd_ = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
      connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0;
      return;
    }
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = port;
    ::inet_pton(AF_INET, address.substr(0, colon).c_str(), &name.sin_addr);
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (receiveBuffer > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, sizeof receiveBuffer);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0;
  }
  Client(Client&& other) noexcept : fd_(other.fd_), connected_(other.connected_), buffer_(std::move(other.buffer_)) {
    other.fd_ = -1;
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { close(); }

  bool connected() const { return connected_; }
  int fd() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  void reset() {  // RST instead of FIN
    const linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
  }
  void finish() { ::shutdown(fd_, SHUT_WR); }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      pollfd ready{fd_, POLLOUT, 0};
      if (::poll(&ready, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) <= 0) return false;
      const ssize_t done = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (done < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (done < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(done));
    }
    return true;
  }

  // Reads more bytes into the buffer. Returns false at the end, on a reset, or after kPatience (then hung() is true).
  bool more() {
    pollfd ready{fd_, POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) <= 0) {
      hung_ = true;
      return false;
    }
    char bytes[65536];
    const ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
    if (got < 0 && errno == ECONNRESET) reset_ = true;
    if (got <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(got));
    return true;
  }
  bool hung() const { return hung_; }
  bool wasReset() const { return reset_; }
  std::string& buffer() { return buffer_; }

  std::string readAll() {
    while (more()) {
    }
    return std::move(buffer_);
  }
  // The peer has closed (or reset) and no bytes are left to read.
  bool closedByServer() {
    const bool nothing = buffer_.empty();
    while (more()) {
    }
    return nothing && !hung_;
  }
  std::string readExactly(std::size_t size) {
    while (buffer_.size() < size && more()) {
    }
    std::string result = buffer_.substr(0, size);
    buffer_.erase(0, result.size());
    return result;
  }
  std::string readUntil(std::string_view mark) {
    std::size_t at;
    while ((at = buffer_.find(mark)) == std::string::npos) {
      if (!more()) return {};
    }
    std::string result = buffer_.substr(0, at + mark.size());
    buffer_.erase(0, result.size());
    return result;
  }
  Answer readAnswer(bool headOnly = false) {
    Answer answer;
    answer.head = readUntil("\r\n\r\n");
    if (answer.head.size() < 12) return answer;
    answer.status = static_cast<int>(std::strtol(answer.head.c_str() + 9, nullptr, 10));
    if (headOnly || answer.status == 204 || answer.status == 304 || answer.status < 200) return answer;
    if (answer.field("transfer-encoding") == "chunked") {
      for (;;) {
        const std::string line = readUntil("\r\n");
        const std::size_t size = std::strtoul(line.c_str(), nullptr, 16);
        answer.body += readExactly(size);
        if (readUntil("\r\n").empty() || size == 0) return answer;
      }
    }
    if (!answer.field("content-length").empty()) {
      answer.body = readExactly(std::strtoul(answer.field("content-length").c_str(), nullptr, 10));
    } else {
      answer.body = readAll();
    }
    return answer;
  }
  Answer get(const std::string& target, const std::string& fields = "") {
    send("GET " + target + " HTTP/1.1\r\nHost: test\r\n" + fields + "\r\n");
    return readAnswer();
  }
  // One unmasked server frame: opcode and payload; opcode -1 at the end.
  std::pair<int, std::string> readFrame() {
    const std::string start = readExactly(2);
    if (start.size() < 2) return {-1, ""};
    std::size_t size = static_cast<unsigned char>(start[1]) & 0x7F;
    if (size >= 126) {
      const std::string extended = readExactly(size == 126 ? 2 : 8);
      size = 0;
      for (const char c : extended) size = size << 8 | static_cast<unsigned char>(c);
    }
    return {static_cast<unsigned char>(start[0]) & 0x0F, readExactly(size)};
  }
  bool upgrade(const std::string& target, const std::string& behind = "", const std::string& fields = "") {
    send("GET " + target +
         " HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
         fields + "\r\n" + behind);
    const Answer answer = readAnswer(true);
    return answer.status == 101 && answer.field("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
  }

 private:
  int fd_ = -1;
  bool connected_ = false;
  bool hung_ = false;
  bool reset_ = false;
  std::string buffer_;
};

struct Finished {
  std::string path;
  int status;
  std::uint64_t bytes;
  bool completed;
};

// "/hello" is answered at once; everything else as the test scripts it.
class ScriptedApplication : public Application {
 public:
  std::function<Verdict(const ExchangePtr&)> head;
  std::function<void(const ExchangePtr&)> request;

  Verdict onHead(const ExchangePtr& exchange) override {
    announce(exchange);
    if (head && exchange->head().path != "/hello") return head(exchange);
    return {};
  }
  void onRequest(const ExchangePtr& exchange) override {
    if (request && exchange->head().path != "/hello") {
      request(exchange);
      return;
    }
    Reply reply;
    reply.fields.add("Content-Type", "application/json");
    reply.body = "{\"hello\":\"world\"}";
    exchange->reply(std::move(reply));
  }
  Reply onRefused(const ExchangePtr& exchange, int status, std::string_view code, std::string_view detail) override {
    announce(exchange);
    Reply reply;
    reply.status = status;
    reply.fields.add("Content-Type", "text/plain");
    reply.body = std::string(code) + ": " + std::string(detail);
    return reply;
  }
  void onFinished(const ExchangePtr& exchange, int status, std::uint64_t bytes, bool completed) override {
    const std::lock_guard lock(mutex_);
    finished_.push_back({std::string(exchange->head().path), status, bytes, completed});
    for (auto open = open_.begin(); open != open_.end(); ++open) {
      if (*open == exchange.get()) {
        open_.erase(open);
        return;
      }
    }
    ++unexpected_;
  }

  std::vector<Finished> finished() {
    const std::lock_guard lock(mutex_);
    return finished_;
  }
  // Exchanges that were announced and have not finished, plus ends without a start.
  std::size_t unbalanced() {
    const std::lock_guard lock(mutex_);
    return open_.size() + unexpected_;
  }

 private:
  void announce(const ExchangePtr& exchange) {
    const std::lock_guard lock(mutex_);
    for (const Exchange* open : open_) {
      if (open == exchange.get()) return;
    }
    open_.push_back(exchange.get());
  }
  std::mutex mutex_;
  std::vector<Finished> finished_;
  std::vector<const Exchange*> open_;
  std::size_t unexpected_ = 0;
};

class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN);
    options.listen = {"127.0.0.1:0"};
  }
  void TearDown() override {
    if (!server) return;
    server->stop();
    server.reset();
    EXPECT_EQ(app.unbalanced(), 0u) << "every exchange must finish exactly once";
  }
  void start() {
    server = std::make_unique<Server>(options, app);
    server->start();
    address = server->addresses().at(0);
  }
  Client connect(int receiveBuffer = 0) {
    Client client(address, receiveBuffer);
    EXPECT_TRUE(client.connected());
    return client;
  }
  // Another client is served meanwhile, and soon.
  void probe() {
    const auto before = std::chrono::steady_clock::now();
    Client client(address);
    const Answer answer = client.get("/hello", "Connection: close\r\n");
    EXPECT_EQ(answer.status, 200);
    EXPECT_LT(std::chrono::steady_clock::now() - before, 5s) << "others are held up";
  }
  static void replyText(const ExchangePtr& exchange, std::string body, int status = 200) {
    Reply reply;
    reply.status = status;
    reply.fields.add("Content-Type", "application/octet-stream");
    reply.body = std::move(body);
    exchange->reply(std::move(reply));
  }

  ServerOptions options;
  ScriptedApplication app;
  std::unique_ptr<Server> server;
  std::string address;
};

}  // namespace mortise::http::test
