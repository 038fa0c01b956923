// Servers of other people, run by tests: those of tools/peers, which ./dev setup --tests installs.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <mortise/log.hpp>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/peers/process.hpp"

namespace agent {

inline std::string peerFile(const std::string& name) {
  return std::filesystem::absolute(AGENT_PEERS).string() + "/" + name;
}
inline std::string everythingServer() {
  return peerFile("node_modules/@modelcontextprotocol/server-everything/dist/index.js");
}
inline std::string pythonOf(const std::string& version) {
  return std::filesystem::absolute(AGENT_PYTHONS).string() + "/mcp-" + version + "/bin/python";
}
inline bool hasNodePeers() {
  return std::filesystem::exists(everythingServer()) && std::filesystem::exists("/usr/bin/node");
}
inline bool hasPython(const std::string& version) { return std::filesystem::exists(pythonOf(version)); }

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return out;
}

// One that nobody uses, and that stays free until it is used: the system takes those for connections and for who binds
// port 0 from above 32767.
inline int freePort() {
  std::random_device random;
  while (true) {
    const auto port = std::uniform_int_distribution(16000, 31999)(random);
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto address = loopback(static_cast<std::uint16_t>(port));
    const bool free = ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(socket);
    if (free) return port;
  }
}

inline bool accepts(int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = loopback(static_cast<std::uint16_t>(port));
  const bool good = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  return good;
}

// A peer that listens on loopback.
class ListeningPeer {
 public:
  // `port` 0: the peer prints the one it chose, on a line of its own.
  ListeningPeer(std::vector<std::string> command, int port)
      : directory_("agent-peer"),
        log_(directory_.path() + "/log"),
        process_({std::move(command), directory_.path(), false, log_}),
        port_(port) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < until && process_.running()) {
      if (port_ == 0) port_ = printedPort();
      if (port_ != 0 && accepts(port_)) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    throw std::runtime_error("a peer does not listen: " + said());
  }
  std::string at(const std::string& path = {}) const { return "http://127.0.0.1:" + std::to_string(port_) + path; }
  int port() const { return port_; }
  std::string said() const {
    std::ostringstream text;
    text << std::ifstream(log_).rdbuf();
    return text.str();
  }
  void stop() {
    process_.signal(9);
    process_.wait(std::chrono::seconds(10));
  }

 private:
  int printedPort() const {
    std::istringstream lines(said());
    for (std::string line; std::getline(lines, line) && !lines.eof();) {
      if (!line.empty() && line.find_first_not_of("0123456789") == std::string::npos) return std::stoi(line);
    }
    return 0;
  }

  mortise::peers::TempDirectory directory_;
  std::string log_;
  mortise::peers::Process process_;
  int port_;
};

inline std::unique_ptr<ListeningPeer> makePeer(std::vector<std::string> command, int port) {
  return std::make_unique<ListeningPeer>(std::move(command), port);
}
inline std::unique_ptr<ListeningPeer> everythingOver(const std::string& transport) {
  const int port = freePort();
  return makePeer({"/usr/bin/env", "PORT=" + std::to_string(port), "/usr/bin/node", everythingServer(), transport},
                  port);
}
inline std::unique_ptr<ListeningPeer> nodePeer(const std::string& file, std::vector<std::string> arguments) {
  std::vector<std::string> command{"/usr/bin/node", peerFile(file)};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return makePeer(std::move(command), 0);
}
inline std::unique_ptr<ListeningPeer> pythonPeer(const std::string& version, const std::string& transport) {
  const int port = freePort();
  return makePeer({pythonOf(version), peerFile("mcp_python.py"), transport, std::to_string(port)}, port);
}

// log/1 that forgets.
inline mortise::Log quietLog() {
  static const mortise_log_v1 kTable = {
      sizeof(mortise_log_v1), [](mortise_host*, mortise_log_level, mortise_str, const mortise_pair*, std::size_t) {},
      [](mortise_host*, mortise_log_level) -> std::int32_t { return 0; }};
  return {nullptr, &kTable};
}

}  // namespace agent
