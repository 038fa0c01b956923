#include <mortise/problem.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "box.hpp"
#include "box_arguments.hpp"

namespace agent::sandbox {
namespace {

using mortise::Problem;

constexpr int kBrowserReads = 3;  // as --remote-debugging-pipe has them
constexpr int kBrowserWrites = 4;

// Its two ends: for reading, for writing.
std::array<Fd, 2> makePipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    throw Problem(503, "browser_unavailable").with("reason", "no pipe can be made").note(std::strerror(errno));
  return {Fd(ends[0]), Fd(ends[1])};
}

}  // namespace

browser::Started Box::startBrowser(const browser::StartOrder& order) {
  auto down = makePipe();
  auto up = makePipe();
  ProgramPlan plan;
  // Locks name a process of an earlier box, whose number another one may have now.
  plan.arguments = {"/usr/bin/bash", "-c", "rm -f ~/.chrome/Singleton*; exec \"$0\" \"$@\""};
  plan.arguments.insert(plan.arguments.end(), order.arguments.begin(), order.arguments.end());
  if (!order.display.empty()) plan.environment.push_back("DISPLAY=" + order.display);
  plan.descriptors.push_back({kBrowserReads, std::move(down[0])});
  plan.descriptors.push_back({kBrowserWrites, std::move(up[1])});
  const std::shared_ptr<Program> program = start(std::move(plan));
  return {std::move(up[0]), std::move(down[1]), [program] { program->end(); }};
}

}  // namespace agent::sandbox
