#include "core/commands/remove_on_signal.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "tests/peers/process.hpp"

namespace mortise::commands {
namespace {

// A file that is there, stopped before anybody has heard of it.
struct Stopped {
  explicit Stopped(std::string path) : file(std::move(path)) {
    ::close(::open(file.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    ::kill(::getpid(), SIGTERM);
  }
  const std::string& path() const { return file; }
  std::string file;
};

TEST(RemoveOnSignal, RemovesWhatIsBeingMadeWhenTheSignalComes) {
  const peers::TempDirectory directory("mortise-leftovers");
  const auto path = directory.path() + "/part";
  const pid_t child = ::fork();
  if (child == 0) {
    RemoveOnSignal leftovers;
    leftovers.made([&] { return std::make_unique<Stopped>(path); });
    while (true) ::pause();
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) << status;
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

struct Directory {
  const std::string& path() const { return name; }
  std::string name;
};

TEST(RemoveOnSignal, RemovesADirectoryThatIsStillBeingFilled) {
  const peers::TempDirectory parent("mortise-leftovers");
  for (int round = 0; round < 20; ++round) {
    const auto path = parent.path() + "/scratch" + std::to_string(round);
    const pid_t child = ::fork();
    if (child == 0) {
      RemoveOnSignal leftovers;
      leftovers.made([&] {
        ::mkdir(path.c_str(), 0700);
        return std::make_unique<Directory>(Directory{path});
      });
      for (int i = 0; i < 2000; ++i) {
        if (i == 100) ::kill(::getpid(), SIGTERM);
        const int file = ::open((path + "/" + std::to_string(i)).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        if (file >= 0) ::close(file);
      }
      while (true) ::pause();
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) << status;
    EXPECT_NE(::access(path.c_str(), F_OK), 0) << path;
  }
}

}  // namespace
}  // namespace mortise::commands
