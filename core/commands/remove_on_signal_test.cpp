#include "core/commands/remove_on_signal.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
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

}  // namespace
}  // namespace mortise::commands
