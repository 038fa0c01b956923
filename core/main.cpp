// The `mortise` program: command line -> command.
#include <signal.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/commands/command.hpp"
#include "core/ops/crash.hpp"

int main(int count, char** words) {
  ::signal(SIGPIPE, SIG_IGN);  // before anything opens a socket (rule 15)
  mortise::ops::installCrashHandler(MORTISE_VERSION);
  std::error_code failure;
  const auto binary = std::filesystem::read_symlink("/proc/self/exe", failure);
  const mortise::commands::Program program{failure ? std::string() : binary.parent_path().string()};
  return mortise::commands::run(program, {words + 1, words + count});
}
