// A real program run by a test: own session, own directory, no root, ended by its id. Dies with the test.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace mortise::peers {

// A fresh directory under /tmp (mode 755, so that a dropped user can enter), removed with everything in it at the end.
class TempDirectory {
 public:
  explicit TempDirectory(const std::string& prefix);
  ~TempDirectory();
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Launch {
  std::vector<std::string> command;  // first: absolute path of the program
  std::string directory;             // working directory and HOME
  bool dropRoot = true;              // run as user nobody when the test runs as root
  std::string log;                   // stdout and stderr are appended here; empty = /dev/null
};

class Process {
 public:
  // Throws std::runtime_error when it can't be started.
  explicit Process(const Launch& launch);
  ~Process();  // SIGKILL unless it has ended
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t id() const { return id_; }
  bool running();
  void signal(int number);
  void signalGroup(int number);  // the process and its children
  // Exit status as of waitpid, or -1 when it did not end within the limit.
  int wait(std::chrono::milliseconds limit);

 private:
  pid_t id_ = -1;
  int status_ = 0;
  bool ended_ = false;
};

// Gives a path to the user nobody when the test runs as root.
void giveToNobody(const std::string& path);

}  // namespace mortise::peers
