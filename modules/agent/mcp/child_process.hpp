// Programs that speak on their stdin and stdout: MCP servers of the transport stdio.
#pragma once

#include <mortise/metrics.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "mcp/waiting.hpp"

namespace agent::mcp {

// What is started. `env` is added to PATH, HOME and LANG, which is all that a child gets of the server's environment.
struct Program {
  std::string server;     // the MCP server's name, for the table of the living
  std::string sessionId;  // whose box it runs in; empty: it is only asked what it offers
  std::string command;    // looked up in PATH, unless it has a slash
  std::vector<std::string> args{};
  std::vector<std::pair<std::string, std::string>> env{};
};

// A running program, used by one thread. Its destructor ends it with its group: what it started and left there. Functions
// throw Failure.
class ChildProcess {
 public:
  ChildProcess() = default;
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  virtual ~ChildProcess() = default;

  // Writes a line; what the child says meanwhile is kept.
  virtual void write(std::string_view line, const Waiting& waiting) = 0;
  // The next line, at most 8 MiB.
  virtual std::string readLine(const Waiting& waiting) = 0;
  // The end of what it said on stderr, at most 4 KiB.
  virtual std::string lastWords() = 0;
};

// Starts programs: beside the server, or in the box of a session. [worker], any number of threads.
class ChildProcesses {
 public:
  ChildProcesses() = default;
  ChildProcesses(const ChildProcesses&) = delete;
  ChildProcesses& operator=(const ChildProcesses&) = delete;
  virtual ~ChildProcesses() = default;

  // Throws Failure: forbidden, when it may not be started; gone, when it can't be.
  virtual std::unique_ptr<ChildProcess> start(const Program& program) = 0;
};

// The living children of this server, for its status and metrics. [any]
class LivingChildren {
 public:
  struct Child {
    std::string server;
    std::int64_t pid = 0;
    std::chrono::system_clock::time_point since{};
  };

  explicit LivingChildren(std::function<void(std::int64_t count)> changed = {}) : changed_(std::move(changed)) {}
  void add(const Child& child);
  void remove(std::int64_t pid);
  std::vector<Child> all() const;
  // "2: files (pid 12), search (pid 13)".
  std::string description() const;

 private:
  const std::function<void(std::int64_t count)> changed_;
  mutable std::mutex mutex_;
  std::map<std::int64_t, Child> byPid_;
};

// Children of this server, outside of any box. Each leads a session of its own: its group gets SIGTERM and SIGKILL; what
// left the group lives on. They die with the server, whatever ends it, but what they started only where the server ends
// them. They have no descriptor of it but their three, and of its environment PATH, HOME and LANG.
class PlainChildProcesses final : public ChildProcesses {
 public:
  explicit PlainChildProcesses(LivingChildren& living);
  ~PlainChildProcesses() override;
  std::unique_ptr<ChildProcess> start(const Program& program) override;

 private:
  struct Order;
  void work();

  LivingChildren& living_;
  // The kernel ends a child with the thread that made it, so one thread makes them all.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Order*> orders_;
  bool ending_ = false;
  std::thread thread_;
};

// Lets those that the operator trusts run outside of a box, and all others in one only.
class McpProcesses final : public ChildProcesses {
 public:
  // `boxed`: null where no box is available. Both outlive it.
  McpProcesses(std::vector<std::string> trusted, ChildProcesses& plain, ChildProcesses* boxed)
      : trusted_(std::move(trusted)), plain_(plain), boxed_(boxed) {}
  std::unique_ptr<ChildProcess> start(const Program& program) override;

 private:
  const std::vector<std::string> trusted_;
  ChildProcesses& plain_;
  ChildProcesses* const boxed_;
};

}  // namespace agent::mcp
