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
    const auto answer = [&](const std::string& head, const std::string& body) { answerWith(fd, body, head); };
    if (text.starts_with("GET ")) {
      if (text.find("Last-Event-ID") == std::string::npos) ++streams_;
      return answer("404 Not Found", "");
    }
    if (says(text, "server/discover"))
      return answer("200 OK\r\nContent-Type: application/json",
                    replyTo(text, R"("error":{"code":-32601,"message":"no"})"));
    if (says(text, "initialize")) {
      return answer(
          "200 OK\r\nContent-Type: application/json\r\nMcp-Session-Id: s1",
          replyTo(text, R"("result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"x",)"
                        R"("version":"1"}})"));
    }
    if (says(text, "tools/list"))
      return answer("200 OK\r\nContent-Type: application/json",
                    replyTo(text, R"("result":{"tools":[{"name":"work"}]})"));
    if (!says(text, "tools/call")) return answer("202 Accepted", "");
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
