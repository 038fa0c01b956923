// A server of MCP 2025 that forgets its session in the middle of a call.
#pragma once

#include <atomic>
#include <string>

#include "tests/loopback_server_testing.hpp"

namespace agent::testing_peers {

// One tool, "work"; the session ends with the stream of its call, which had an event already.
class ForgetfulMcpServer {
 public:
  std::string url() const { return "http://" + server_.listed(); }
  int calls() const { return calls_; }
  // How often a stream was asked for on which it could speak first.
  int streams() const { return streams_; }

 private:
  void serve(int fd) {
    const auto text = readRequest(fd);
    const auto says = [&](const char* word) { return text.find(word) != std::string::npos; };
    const auto answer = [&](const std::string& head, const std::string& body) { answerWith(fd, body, head); };
    const auto at = text.find("\"id\":");
    const auto id = at == std::string::npos ? "" : text.substr(at + 5, text.find_first_of(",}", at) - at - 5);
    const auto message = [&](const std::string& what) { return R"({"jsonrpc":"2.0","id":)" + id + "," + what + "}"; };
    if (text.starts_with("GET ")) {
      if (!says("Last-Event-ID")) ++streams_;
      return answer("404 Not Found", "");
    }
    if (says("\"server/discover\""))
      return answer("200 OK\r\nContent-Type: application/json", message(R"("error":{"code":-32601,"message":"no"})"));
    if (says("\"initialize\"")) {
      return answer("200 OK\r\nContent-Type: application/json\r\nMcp-Session-Id: s1",
                    message(R"("result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"x",)"
                            R"("version":"1"}})"));
    }
    if (says("\"tools/list\""))
      return answer("200 OK\r\nContent-Type: application/json", message(R"("result":{"tools":[{"name":"work"}]})"));
    if (!says("\"tools/call\"")) return answer("202 Accepted", "");
    ++calls_;
    say(fd,
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
        "id: 1\ndata:\n\n");
  }
  std::atomic<int> calls_ = 0;
  std::atomic<int> streams_ = 0;
  LoopbackServer server_{[this](int fd) { serve(fd); }};
};

}  // namespace agent::testing_peers
