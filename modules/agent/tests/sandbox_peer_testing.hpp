// A sandbox service as the remote driver knows it: the sandbox API over HTTP, its browser and its screen, on free ports of
// loopback, with a box of our own behind them.
#pragma once

#include <mortise/json.hpp>
#include <mortise/problem.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <rapidjson/document.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <fstream>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "desktop/desktop.hpp"
#include "sandbox/sandbox.hpp"
#include "tools/tool_arguments.hpp"

namespace agent::sandbox {

// A port of loopback that leads to a stream socket in a box.
class PortIntoBox {
 public:
  PortIntoBox(Sandbox& box, std::string path) : box_(box), path_(std::move(path)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_.get(), 16) != 0)
      throw std::runtime_error("a port into a box can't listen");
    getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~PortIntoBox() {
    shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
    cut();
    for (auto& carrying : carrying_) carrying.join();
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // Breaks all connections, without a word to either side.
  void cut() {
    std::unique_lock lock(mutex_);
    for (const int fd : open_) {
      const linger none{1, 0};
      setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    }
    broken_ = true;  // who carries finds out
    closed_.wait(lock, [this] { return open_.empty(); });
    broken_ = false;
  }

 private:
  void run() {
    for (int fd; (fd = accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0;) {
      const std::lock_guard lock(mutex_);
      open_.push_back(fd);
      carrying_.emplace_back([this, fd] { carry(fd); });
    }
  }
  void carry(int fd) {
    try {
      const auto inside = box_.connect(path_);
      while (!broken_) {
        pollfd both[2] = {{fd, POLLIN, 0}, {inside.get(), POLLIN, 0}};
        poll(both, 2, 5);
        if (both[0].revents != 0 && !pass(fd, inside.get())) break;
        if (both[1].revents != 0 && !pass(inside.get(), fd)) break;
      }
    } catch (const mortise::Problem&) {  // nothing listens in the box: the connection just ends
    }
    const std::lock_guard lock(mutex_);
    close(fd);
    std::erase(open_, fd);
    closed_.notify_all();
  }
  bool pass(int from, int to) const {
    char bytes[65536];
    const auto size = recv(from, bytes, sizeof bytes, MSG_DONTWAIT);
    if (size < 0) return errno == EAGAIN;
    for (ssize_t at = 0; at < size && !broken_;) {
      pollfd ready{to, POLLOUT, 0};
      poll(&ready, 1, 5);
      const auto sent = send(to, bytes + at, static_cast<std::size_t>(size - at), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN) return false;
      at += std::max<ssize_t>(sent, 0);
    }
    return size > 0;
  }

  Sandbox& box_;
  const std::string path_;
  const Fd listener_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  int port_ = 0;
  std::mutex mutex_;
  std::condition_variable closed_;
  std::vector<int> open_;
  std::list<std::thread> carrying_;
  std::atomic<bool> broken_{false};
  std::thread thread_;
};

class SandboxPeer {
 public:
  // `session`: of the driver's box that answers.
  SandboxPeer(Driver& driver, std::string session);
  ~SandboxPeer();
  SandboxPeer(const SandboxPeer&) = delete;
  SandboxPeer& operator=(const SandboxPeer&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // Starts a desktop and a browser on it, as such services have them. From then on these two answer, too.
  void showStreams();
  PortIntoBox& browser() { return *browserPort_; }
  PortIntoBox& screen() { return *screenPort_; }
  // What the status of its processes says from now on.
  void setState(const std::string& state);
  // What it was asked so far: "/api/file/read-file {...}".
  std::vector<std::string> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  // Answers with this body and status in place of its own; empty: its own again.
  void answerWith(int status, std::string body);

 private:
  struct Reply {
    int status = 200;
    std::string body;
  };
  void serve(int connection);
  Reply handle(const std::string& method, const std::string& target, const std::string& type, const std::string& body);
  Reply route(const std::string& path, const std::string& query, const std::string& type, const std::string& body);

  Driver& driver_;
  std::string session_;
  std::shared_ptr<Sandbox> box_;
  std::unique_ptr<desktop::Desktop> desktop_;
  std::vector<std::unique_ptr<Program>> programs_;
  std::unique_ptr<PortIntoBox> browserPort_;
  std::unique_ptr<PortIntoBox> screenPort_;
  int listener_ = -1;
  int port_ = 0;
  std::mutex mutex_;
  std::string state_ = "RUNNING";
  Reply fixed_{0, {}};
  std::vector<std::string> asked_;
  std::thread thread_;
};

namespace peer {

inline std::string lower(std::string text) {
  for (auto& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return text;
}

inline std::string decoded(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out.push_back(static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16)));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

// The body of one part of a form.
inline std::string partOf(const std::string& body, const std::string& type, const std::string& name) {
  const auto boundary = "--" + type.substr(type.find("boundary=") + 9);
  const auto head = body.find("name=\"" + name + "\"");
  if (head == std::string::npos) return {};
  const auto begin = body.find("\r\n\r\n", head) + 4;
  return body.substr(begin, body.find("\r\n" + boundary, begin) - begin);
}

}  // namespace peer

inline SandboxPeer::SandboxPeer(Driver& driver, std::string session) : driver_(driver), session_(std::move(session)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 16) != 0)
    throw std::runtime_error("the sandbox peer can't listen");
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] {
    for (int connection; (connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
      serve(connection);
      close(connection);
    }
  });
}

inline SandboxPeer::~SandboxPeer() {
  shutdown(listener_, SHUT_RDWR);
  thread_.join();
  close(listener_);
}

inline void SandboxPeer::showStreams() {
  box_ = driver_.open(session_);
  desktop_ = std::make_unique<desktop::Desktop>(box_, nullptr);
  const auto begin = [&](std::vector<std::string> arguments) {
    ProgramPlan plan;
    plan.arguments = std::move(arguments);
    plan.environment = {std::string("DISPLAY=") + desktop::kDisplay};
    programs_.push_back(box_->start(std::move(plan)));
  };
  browser::BrowserOptions options;
  options.program = "/usr/lib/chromium/chromium";
  auto chromium = browser::browserArguments(options, true);
  std::replace(chromium.begin(), chromium.end(), std::string("--remote-debugging-pipe"),
               std::string("--remote-debugging-port=9222"));
  // A supervisor starts it again when it has ended.
  std::vector<std::string> supervised{"/usr/bin/bash", "-c",
                                      "while :; do rm -f ~/.chrome/Singleton*; \"$0\" \"$@\"; sleep 0.2; done"};
  supervised.insert(supervised.end(), chromium.begin(), chromium.end());
  begin(std::move(supervised));
  std::ostringstream script;
  script << std::ifstream(AGENT_SOURCE_DIR "/tests/box_service.py").rdbuf();
  begin({"/usr/bin/python3", "-c", script.str()});
  browserPort_ = std::make_unique<PortIntoBox>(*box_, "/home/ubuntu/browser.sock");
  screenPort_ = std::make_unique<PortIntoBox>(*box_, "/home/ubuntu/screen.sock");
  // The last thing that the script does is to say that it listens, once the browser does.
  const auto ready = box_->execute("ready", "~", "until [ -e service.ready ]; do sleep 0.05; done", {});
  if (ready.running && !box_->wait("ready", std::chrono::seconds(60), {}))
    throw std::runtime_error("the service's browser does not start");
}

inline void SandboxPeer::setState(const std::string& state) {
  const std::lock_guard lock(mutex_);
  state_ = state;
}

inline void SandboxPeer::answerWith(int status, std::string body) {
  const std::lock_guard lock(mutex_);
  fixed_ = {body.empty() ? 0 : status, std::move(body)};
}

inline void SandboxPeer::serve(int connection) {
  std::string request;
  char bytes[65536];
  std::size_t head = std::string::npos;
  std::size_t length = 0;
  std::string type;
  while (head == std::string::npos || request.size() < head + 4 + length) {
    const auto size = recv(connection, bytes, sizeof bytes, 0);
    if (size <= 0) return;
    request.append(bytes, static_cast<std::size_t>(size));
    if (head != std::string::npos || (head = request.find("\r\n\r\n")) == std::string::npos) continue;
    const auto fields = request.substr(0, head);
    const auto names = peer::lower(fields);
    const auto valueOf = [&](const std::string& name) {
      const auto at = names.find("\r\n" + name + ": ");
      if (at == std::string::npos) return std::string();
      const auto begin = at + name.size() + 4;
      return fields.substr(begin, fields.find("\r\n", begin) - begin);
    };
    if (const auto text = valueOf("content-length"); !text.empty()) length = std::stoul(text);
    type = valueOf("content-type");
    if (!valueOf("expect").empty()) send(connection, "HTTP/1.1 100 Continue\r\n\r\n", 25, MSG_NOSIGNAL);
  }
  const auto space = request.find(' ');
  const auto reply =
      handle(request.substr(0, space), request.substr(space + 1, request.find(' ', space + 1) - space - 1), type,
             request.substr(head + 4));
  const auto answer = "HTTP/1.1 " + std::to_string(reply.status) +
                      " X\r\nContent-Length: " + std::to_string(reply.body.size()) + "\r\nConnection: close\r\n\r\n" +
                      reply.body;
  for (std::size_t at = 0; at < answer.size();) {
    const auto sent = send(connection, answer.data() + at, answer.size() - at, MSG_NOSIGNAL);
    if (sent <= 0) return;
    at += static_cast<std::size_t>(sent);
  }
}

inline SandboxPeer::Reply SandboxPeer::handle(const std::string& method, const std::string& target,
                                              const std::string& type, const std::string& body) {
  {
    const std::lock_guard lock(mutex_);
    asked_.push_back(target + " " + body);
    if (fixed_.status != 0) return fixed_;
    if (method == "GET" && target == "/api/supervisor/status")
      return {200,
              mortise::json::object(
                  {{"code", 200},
                   {"msg", "success"},
                   {"data", mortise::json::list({mortise::json::object({{"name", "app"}, {"statename", state_}})})}})};
  }
  const auto refused = [](int status, const std::string& text) {
    return Reply{status, mortise::json::object({{"code", status}, {"msg", text}, {"data", mortise::json::object()}})};
  };
  try {
    const auto mark = target.find('?');
    return route(target.substr(0, mark), mark == std::string::npos ? "" : target.substr(mark + 1), type, body);
  } catch (const mortise::Problem& problem) {
    return refused(problem.status(), problem.code());
  }
}

inline SandboxPeer::Reply SandboxPeer::route(const std::string& path, const std::string& query, const std::string& type,
                                             const std::string& body) {
  const auto box = driver_.open(session_);
  const ToolArguments in(body);
  const auto ok = [](const mortise::json::Value& data) {
    return Reply{200, mortise::json::object({{"code", 200}, {"msg", "success"}, {"data", data}})};
  };
  const auto file = in.text("filepath");
  const auto shell = in.text("session_id");
  if (path == "/api/file/read-file") {
    const auto most = static_cast<std::size_t>(in.integer("max_length").value_or(10000));
    const auto text = box->read(
        {.path = file, .startLine = in.integer("start_line"), .endLine = in.integer("end_line"), .most = most});
    return ok(mortise::json::object({{"filepath", file}, {"content", text.text + (text.cut ? "(truncated)" : "")}}));
  }
  if (path == "/api/file/write-file") {
    const auto text =
        (in.boolean("leading_newline") ? "\n" : "") + in.text("content") + (in.boolean("trailing_newline") ? "\n" : "");
    return ok(mortise::json::object(
        {{"filepath", file},
         {"bytes_written", box->write({.path = file, .text = text, .append = in.boolean("append")})}}));
  }
  if (path == "/api/file/replace-in-file")
    return ok(mortise::json::object(
        {{"filepath", file}, {"replaced_count", box->replace(file, in.text("old_str"), in.text("new_str"))}}));
  if (path == "/api/file/search-in-file") {
    const auto found = box->search(file, in.text("regex"));
    return ok(mortise::json::object({{"filepath", file},
                                     {"matches", mortise::json::list(found.lines)},
                                     {"line_numbers", mortise::json::list(found.numbers)}}));
  }
  if (path == "/api/file/find-files")
    return ok(mortise::json::object(
        {{"dir_path", in.text("dir_path")},
         {"files", mortise::json::list(box->find(in.text("dir_path"), in.text("glob_pattern")))}}));
  if (path == "/api/file/check-file-exists")
    return ok(mortise::json::object({{"filepath", file}, {"exists", box->exists(file)}}));
  if (path == "/api/file/delete-file") {
    box->remove(file);
    return ok(mortise::json::object({{"filepath", file}, {"deleted", true}}));
  }
  if (path == "/api/file/upload-file") {
    auto bytes = peer::partOf(body, type, "file");
    const auto size = bytes.size();
    const auto where = peer::partOf(body, type, "filepath");
    box->upload(where, [&] { return std::exchange(bytes, {}); });
    return ok(mortise::json::object({{"filepath", where}, {"file_size", size}, {"success", true}}));
  }
  if (path == "/api/file/download-file") {
    Reply reply;
    box->download(peer::decoded(query.substr(query.find('=') + 1)), [&](std::string_view piece) {
      reply.body += piece;
      return true;
    });
    return reply;
  }
  if (path == "/api/shell/exec-command") {
    const auto done = box->execute(shell, in.text("exec_dir"), in.text("command"), {});
    return ok(mortise::json::object({{"session_id", done.shellId},
                                     {"command", done.command},
                                     {"status", done.running ? "running" : "completed"},
                                     {"returncode", done.exitCode},
                                     {"output", done.output}}));
  }
  if (path == "/api/shell/read-shell-output") {
    const auto output = box->output(shell);
    mortise::json::List records;
    for (const auto& record : output.records)
      records.add(
          mortise::json::object({{"ps1", record.prompt}, {"command", record.command}, {"output", record.output}}));
    return ok(mortise::json::object({{"session_id", shell}, {"output", output.output}, {"console_records", records}}));
  }
  if (path == "/api/shell/wait-process") {
    const auto code = box->wait(shell, std::chrono::seconds(in.integer("seconds").value_or(60)), {});
    if (!code) throw mortise::Problem(400, "timeout");
    return ok(mortise::json::object({{"returncode", *code}}));
  }
  if (path == "/api/shell/write-shell-input") {
    box->input(shell, in.text("input_text"), in.boolean("press_enter"));
    return ok(mortise::json::object({{"status", "success"}}));
  }
  if (path == "/api/shell/kill-process") {
    const auto code = box->kill(shell);
    return ok(mortise::json::object({{"status", code ? "terminated" : "already_terminated"}, {"returncode", code}}));
  }
  throw mortise::Problem(404, "no_route");
}

}  // namespace agent::sandbox
