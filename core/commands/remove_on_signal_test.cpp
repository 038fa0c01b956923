#include "core/commands/remove_on_signal.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
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

// Whether a directory is gone after a signal that comes while `work` goes on in it.
void expectGone(const std::string& path, const std::function<void(const std::string& directory)>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    RemoveOnSignal leftovers;
    leftovers.made([&] {
      ::mkdir(path.c_str(), 0700);
      return std::make_unique<Directory>(Directory{path});
    });
    work(path);
    while (true) ::pause();
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) << status;
  EXPECT_NE(::access(path.c_str(), F_OK), 0) << path;
}

void makeFile(const std::string& path) {
  const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (file >= 0) ::close(file);
}

TEST(RemoveOnSignal, RemovesADirectoryThatIsStillBeingFilled) {
  const peers::TempDirectory parent("mortise-leftovers");
  for (int round = 0; round < 10; ++round) {
    expectGone(parent.path() + "/scratch" + std::to_string(round), [](const std::string& directory) {
      for (int i = 0; i < 2000; ++i) {
        if (i == 100) ::kill(::getpid(), SIGTERM);
        makeFile(directory + "/" + std::to_string(i));
      }
    });
  }
}

TEST(RemoveOnSignal, RemovesADirectoryThatIsStillBeingEmptied) {
  const peers::TempDirectory parent("mortise-leftovers");
  for (int round = 0; round < 10; ++round) {
    expectGone(parent.path() + "/scratch" + std::to_string(round), [](const std::string& directory) {
      for (int i = 0; i < 500; ++i) makeFile(directory + "/" + std::to_string(i));
      ::kill(::getpid(), SIGTERM);
      for (int i = 500; i-- > 0;) ::unlink((directory + "/" + std::to_string(i)).c_str());
    });
  }
}

// As a database does with its journal.
TEST(RemoveOnSignal, RemovesADirectoryInWhichAFileComesAndGoes) {
  const peers::TempDirectory parent("mortise-leftovers");
  for (int round = 0; round < 100; ++round) {
    expectGone(parent.path() + "/scratch" + std::to_string(round), [](const std::string& directory) {
      const auto journal = directory + "/journal";
      ::kill(::getpid(), SIGTERM);
      while (true) {
        makeFile(journal);
        ::unlink(journal.c_str());
      }
    });
  }
}

}  // namespace
}  // namespace mortise::commands
