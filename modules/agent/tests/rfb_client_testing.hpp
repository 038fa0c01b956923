// A small client of RFB (VNC) for tests: greets, asks for frames, types, and counts colours.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

#include "sandbox/fd.hpp"

namespace agent::desktop {

class RfbClient {
 public:
  // `send`: all of the bytes. `receive`: some bytes; none at the end of the connection.
  using Send = std::function<void(std::string_view bytes)>;
  using Receive = std::function<std::string()>;

  RfbClient(Send send, Receive receive) : send_(std::move(send)), receive_(std::move(receive)) {}

  // To ServerInit.
  void greet() {
    version = take(12);
    send_(version);
    const auto count = number(1);
    securityTypes = take(count);
    send_(std::string(1, '\1'));  // none
    if (number(4) != 0) throw std::runtime_error("the RFB server refused");
    send_(std::string(1, '\1'));  // shared
    width = number(2);
    height = number(2);
    take(16);
    name = take(number(4));
    // 32 bits, little endian, 8 each of red, green and blue; encoding raw alone.
    send_(std::string("\0\0\0\0\x20\x18\0\1\0\xff\0\xff\0\xff\x10\x08\0\0\0\0", 20));
    send_(std::string("\2\0\0\1\0\0\0\0", 8));
  }
  // Asks for the whole screen.
  void ask() {
    std::string out("\3\0\0\0\0\0", 6);
    put(out, width, 2);
    put(out, height, 2);
    send_(out);
  }
  // The colours of the next frame.
  std::set<std::uint32_t> colours() {
    std::set<std::uint32_t> out;
    for (;;) {
      const auto type = number(1);
      if (type == 2) continue;  // bell
      if (type == 3) {          // cut text
        take(3);
        take(number(4));
        continue;
      }
      if (type != 0) throw std::runtime_error("a message of RFB that nobody asked for");
      take(1);
      for (auto count = number(2); count > 0; --count) {
        take(4);
        const auto pixels = number(2) * number(2);
        if (number(4) != 0) throw std::runtime_error("an encoding that nobody asked for");
        const auto bytes = take(pixels * 4);
        for (std::size_t i = 0; i < bytes.size(); i += 4) {
          std::uint32_t colour = 0;
          for (int part = 0; part < 3; ++part)
            colour = colour << 8 | static_cast<unsigned char>(bytes[i + static_cast<std::size_t>(part)]);
          out.insert(colour);
        }
      }
      return out;
    }
  }
  void key(std::uint32_t symbol, bool down) {
    std::string out("\4", 1);
    out.push_back(down ? '\1' : '\0');
    out.append(2, '\0');
    put(out, symbol, 4);
    send_(out);
  }
  // ClientCutText.
  void paste(const std::string& text) {
    std::string out("\6\0\0\0", 4);
    put(out, static_cast<std::uint32_t>(text.size()), 4);
    send_(out);
    constexpr std::size_t kPiece = 100000;
    for (std::size_t at = 0; at < text.size(); at += kPiece) send_(std::string_view(text).substr(at, kPiece));
  }

  std::string version;
  std::string securityTypes;
  std::string name;
  std::uint32_t width = 0;
  std::uint32_t height = 0;

 private:
  std::string take(std::size_t count) {
    while (buffer_.size() < count) {
      const auto more = receive_();
      if (more.empty()) throw std::runtime_error("the RFB server ended the connection");
      buffer_ += more;
    }
    auto out = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return out;
  }
  std::uint32_t number(std::size_t bytes) {
    std::uint32_t out = 0;
    for (const char c : take(bytes)) out = out << 8 | static_cast<unsigned char>(c);
    return out;
  }
  static void put(std::string& out, std::uint32_t value, int bytes) {
    while (bytes-- > 0) out.push_back(static_cast<char>(value >> (8 * bytes)));
  }

  Send send_;
  Receive receive_;
  std::string buffer_;
};

// Over a connection to a screen, which outlives the client.
inline RfbClient clientOf(const sandbox::Fd& screen) {
  const int fd = screen.get();
  return {[fd](std::string_view bytes) {
            while (!bytes.empty()) {
              pollfd ready{fd, POLLOUT, 0};
              if (poll(&ready, 1, 10000) <= 0) throw std::runtime_error("the screen takes nothing");
              const auto size = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
              if (size < 0) throw std::runtime_error("the screen has gone");
              bytes.remove_prefix(static_cast<std::size_t>(size));
            }
          },
          [fd] {
            pollfd ready{fd, POLLIN, 0};
            if (poll(&ready, 1, 10000) <= 0) return std::string();
            char bytes[65536];
            const auto size = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
            return std::string(bytes, size > 0 ? static_cast<std::size_t>(size) : 0);
          }};
}

}  // namespace agent::desktop
