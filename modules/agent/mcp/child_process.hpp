// Programs that speak on their stdin and stdout: MCP servers of the transport stdio.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "mcp/living_children.hpp"
#include "mcp/waiting.hpp"

namespace agent::mcp {

// What is started. `env` is all that it gets beside what every program of its place has.
struct Program {
  std::string server;   // the MCP server's name, for the table of the living
  std::string command;  // looked up in PATH, unless it has a slash
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

// Starts programs: beside the server, or in boxes. [worker], any number of threads.
class ChildProcesses {
 public:
  ChildProcesses() = default;
  ChildProcesses(const ChildProcesses&) = delete;
  ChildProcesses& operator=(const ChildProcesses&) = delete;
  virtual ~ChildProcesses() = default;

  // Throws Failure: forbidden, when it may not be started; gone, when it can't be.
  virtual std::unique_ptr<ChildProcess> start(const Program& program) = 0;
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

}  // namespace agent::mcp
