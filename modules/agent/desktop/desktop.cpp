#include "desktop/desktop.hpp"

#include <mortise/problem.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace agent::desktop {
namespace {

using namespace std::chrono_literals;
using mortise::Problem;
using sandbox::Fd;
using Clock = std::chrono::steady_clock;

constexpr const char* kSocket = "/run/rfb.sock";
constexpr const char* kManaged = "/run/openbox.started";
constexpr auto kStartLimit = 20s;
constexpr auto kLookEvery = 50ms;
constexpr int kGreetingWait = 2000;  // milliseconds
constexpr std::string_view kGreeting = "RFB ";
constexpr std::size_t kGreetingSize = 12;
constexpr std::size_t kSaid = 2000;  // bytes of what the programs say that a log line holds

struct Needed {
  const char* path;
  const char* package;
};
constexpr Needed kNeeded[] = {{"/usr/bin/Xtigervnc", "tigervnc-standalone-server"},
                              {"/usr/bin/xkbcomp", "x11-xkb-utils"},
                              {"/usr/share/X11/xkb", "xkb-data"},
                              {"/usr/bin/openbox", "openbox"}};

Problem unavailable(std::string note) {
  return Problem(503, "sandbox_unavailable")
      .with("reason", "the desktop did not start")
      .note(std::move(note))
      .retryAfter(5);
}

std::unique_ptr<sandbox::Program> startIn(sandbox::Sandbox& box, std::vector<std::string> arguments, const Fd& output) {
  sandbox::ProgramPlan plan;
  plan.arguments = std::move(arguments);
  plan.environment = {std::string("DISPLAY=") + kDisplay};
  for (const int number : {1, 2}) plan.descriptors.push_back({number, Fd(fcntl(output.get(), F_DUPFD_CLOEXEC, 3))});
  return box.start(std::move(plan));
}

}  // namespace

std::string lackingFor(const std::string& root) {
  std::string out;
  for (const auto& needed : kNeeded) {
    if (access((root + needed.path).c_str(), F_OK) != 0) out.append(out.empty() ? "" : ", ").append(needed.package);
  }
  return out.empty() ? out : "missing: install the packages " + out;
}

Desktop::Desktop(std::shared_ptr<sandbox::Sandbox> box, const sandbox::Stopped& stopped) : box_(std::move(box)) {
  if (box_->hasScreen()) {
    if (!greets(connect(stopped))) throw unavailable("what answers in its place does not speak RFB");
    return;
  }
  removeStale();
  int ends[2];
  // Not blocking: when nobody reads what they say, programs drop it rather than wait.
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) throw Problem(503, "sandbox_busy").retryAfter(5);
  said_ = Fd(ends[0]);
  const Fd output(ends[1]);
  const auto size = std::to_string(kWidth) + "x" + std::to_string(kHeight);
  // No port: whoever may, comes through the server. A viewer may neither resize the screen nor lock others out.
  screen_ = startIn(*box_,
                    {"/usr/bin/Xtigervnc",
                     kDisplay,
                     "-geometry",
                     size,
                     "-depth",
                     "24",
                     "-rfbport",
                     "-1",
                     "-rfbunixpath",
                     kSocket,
                     "-rfbunixmode",
                     "0600",
                     "-SecurityTypes",
                     "None",
                     "-AlwaysShared",
                     "-nolisten",
                     "tcp",
                     "-noreset",
                     "-AcceptSetDesktopSize=0",
                     "-MaxCutText",
                     "262144",
                     "-BlacklistThreshold",
                     "1000000"},
                    output);
  // The socket is there before the X server answers at it.
  await(*screen_, "Xtigervnc", stopped, [this] {
    try {
      return greets(box_->connect(kSocket));
    } catch (const Problem& problem) {
      if (problem.status() == 404) return false;
      throw;
    }
  });
  // A window that appears while openbox starts may stay without its content.
  windows_ = startIn(*box_, {"/usr/bin/openbox", "--startup", std::string("touch ") + kManaged}, output);
  await(*windows_, "openbox", stopped, [this] { return box_->exists(kManaged); });
}

// A desktop that was killed leaves these, and process numbers of boxes repeat: the X server would believe that another
// one runs.
void Desktop::removeStale() const {
  for (const auto* path : {"/tmp/.X1-lock", "/tmp/.X11-unix/X1", kSocket, kManaged}) {
    try {
      box_->remove(path);
    } catch (const Problem& problem) {
      if (problem.status() == 503) throw;
    }
  }
}

void Desktop::await(sandbox::Program& program, const std::string& name, const sandbox::Stopped& stopped,
                    const std::function<bool()>& ready) const {
  const auto until = Clock::now() + kStartLimit;
  while (!ready()) {
    if (const auto status = program.status())
      throw unavailable(name + " ended with status " + std::to_string(*status) + ": " + said());
    if (Clock::now() >= until) throw unavailable(name + " was not ready within twenty seconds: " + said());
    if (stopped && stopped()) throw unavailable("whoever asked for it has gone");
    std::this_thread::sleep_for(kLookEvery);
  }
}

bool Desktop::greets(const Fd& socket) {
  std::string got;
  char bytes[kGreetingSize];
  while (got.size() < kGreetingSize) {
    pollfd ready{socket.get(), POLLIN, 0};
    if (poll(&ready, 1, kGreetingWait) <= 0) return false;
    const auto size = recv(socket.get(), bytes, sizeof bytes - got.size(), MSG_DONTWAIT);
    if (size <= 0) return false;
    got.append(bytes, static_cast<std::size_t>(size));
  }
  return got.starts_with(kGreeting);
}

std::string Desktop::said() const {
  std::string out(kSaid, '\0');
  const auto size = read(said_.get(), out.data(), out.size());
  out.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  for (auto& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) c = ' ';
  }
  return out;
}

Fd Desktop::connect(const sandbox::Stopped& stopped) const {
  if (!screen_) return box_->connectScreen(stopped, [failed = failed_] { *failed = true; });
  try {
    return box_->connect(kSocket);
  } catch (const Problem& problem) {
    if (problem.status() != 404) throw;
    throw Problem(503, "sandbox_unavailable").with("reason", "the desktop has ended").retryAfter(5);
  }
}

void Desktop::end() {
  if (windows_) windows_->end();
  if (screen_) screen_->end();
}

}  // namespace agent::desktop
