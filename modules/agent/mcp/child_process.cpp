#include "mcp/child_process.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>

#include "mcp/child_streams.hpp"
#include "sandbox/fd.hpp"

namespace agent::mcp {
namespace {

using Cause = Failure::Cause;
using sandbox::Fd;
using std::chrono::milliseconds;

constexpr milliseconds kAfterStdin{500};  // for a child to end by itself once its stdin is closed
constexpr milliseconds kAfterTerm{2000};
constexpr milliseconds kAfterKill{2000};
constexpr const char* kInherited[] = {"PATH", "HOME", "LANG"};

// Pointers to texts, ended by a null: what exec takes.
std::vector<char*> pointersTo(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// Where the program may lie; execve() tries one after the other.
std::vector<std::string> placesOf(const std::string& command, const std::vector<std::string>& environment) {
  if (command.find('/') != std::string::npos) return {command};
  std::string_view path = "/usr/local/bin:/usr/bin:/bin";
  for (const std::string_view one : environment) {
    if (one.starts_with("PATH=")) path = one.substr(5);
  }
  std::vector<std::string> out;
  while (!path.empty()) {
    const auto end = std::min(path.find(':'), path.size());
    if (end > 0) out.push_back(std::string(path.substr(0, end)).append("/").append(command));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return out;
}

std::vector<std::string> environmentOf(const Program& program) {
  std::map<std::string, std::string> values;
  for (const char* name : kInherited) {
    if (const char* value = std::getenv(name)) values[name] = value;  // NOLINT: nothing sets the environment
  }
  for (const auto& [name, value] : program.env) values[name] = value;
  std::vector<std::string> out;
  out.reserve(values.size());
  for (const auto& [name, value] : values) out.push_back(name + "=" + value);
  return out;
}

struct Started {
  pid_t pid = -1;
  Fd input;   // to the child's stdin
  Fd output;  // from its stdout
  Fd errors;  // from its stderr
};

// Only what is safe after a fork of a program with threads.
[[noreturn]] void becomeChild(int input, int output, int errors, const Fd& failed, pid_t parent,
                              const std::vector<char*>& places, char* const* arguments, char* const* environment) {
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // it died before the line above
  // 0, 1 and 2 may be among those given: first out of the way.
  const int from[3] = {::fcntl(input, F_DUPFD, 10), ::fcntl(output, F_DUPFD, 10), ::fcntl(errors, F_DUPFD, 10)};
  const int said = ::fcntl(failed.get(), F_DUPFD_CLOEXEC, 10);
  for (int i = 0; i < 3; ++i) ::dup2(from[i], i);
  ::dup2(said, 3);
  ::fcntl(3, F_SETFD, FD_CLOEXEC);
  if (::syscall(SYS_close_range, 4U, ~0U, 0U) != 0) {
    for (int other = 4; other < 65536; ++other) ::close(other);
  }
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &standard, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  int reason = ENOENT;
  for (char* place : places) {
    if (place == nullptr) break;
    ::execve(place, arguments, environment);
    if (errno != ENOENT && errno != ENOTDIR) reason = errno;
  }
  [[maybe_unused]] const auto written = ::write(3, &reason, sizeof reason);
  ::_exit(127);
}

Started spawn(const Program& program) {
  auto environment = environmentOf(program);
  auto places = placesOf(program.command, environment);
  std::vector<std::string> arguments{program.command};
  arguments.insert(arguments.end(), program.args.begin(), program.args.end());
  const auto placePointers = pointersTo(places);
  const auto argumentPointers = pointersTo(arguments);
  const auto environmentPointers = pointersTo(environment);
  auto input = makePipe(), output = makePipe(), errors = makePipe(), failed = makePipe();
  const auto parent = ::getpid();
  const auto pid = ::fork();
  if (pid < 0) throw Failure(Cause::gone, "there is no room for another process");
  if (pid == 0)
    becomeChild(input.read.get(), output.write.get(), errors.write.get(), failed.write, parent, placePointers,
                argumentPointers.data(), environmentPointers.data());
  failed.write.reset();
  int reason = 0;
  ssize_t got = 0;
  do got = ::read(failed.read.get(), &reason, sizeof reason);
  while (got < 0 && errno == EINTR);
  if (got > 0) {
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    throw Failure(Cause::gone, "its command can't be started: " + std::string(std::strerror(reason)));
  }
  return {pid, std::move(input.write), std::move(output.read), std::move(errors.read)};
}

class PlainChild final : public ChildProcess {
 public:
  PlainChild(std::unique_ptr<LivingChildren::Place> place, Started started)
      : place_(std::move(place)),
        pid_(started.pid),
        streams_(std::move(started.input), std::move(started.output), std::move(started.errors)) {
    place_->isProcess(pid_);
  }
  ~PlainChild() override { end(); }

  void write(std::string_view line, const Waiting& waiting) override { streams_.write(line, waiting); }
  std::string readLine(const Waiting& waiting) override { return streams_.readLine(waiting); }
  std::string lastWords() override { return streams_.lastWords(); }

 private:
  // Whether it has ended. It is not reaped, so that its group's number stays its own.
  bool hasEnded(milliseconds most) const {
    const auto until = Waiting::Clock::now() + most;
    for (;;) {
      siginfo_t info{};
      const auto got = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
      if ((got == 0 && info.si_pid == pid_) || (got < 0 && errno == ECHILD)) return true;
      if (Waiting::Clock::now() >= until) return false;
      ::usleep(2000);
    }
  }

  void end() noexcept {
    streams_.close();
    const bool byItself = hasEnded(kAfterStdin);
    ::kill(-pid_, SIGTERM);
    if (!byItself) hasEnded(kAfterTerm);
    ::kill(-pid_, SIGKILL);  // what it started and left, too
    hasEnded(kAfterKill);
    ::waitpid(pid_, nullptr, WNOHANG);
  }

  const std::unique_ptr<LivingChildren::Place> place_;
  const pid_t pid_;
  ChildStreams streams_;
};

}  // namespace

struct PlainChildProcesses::Order {
  const Program& program;
  std::optional<Started> started{};
  std::optional<Failure> failure{};
  bool done = false;
};

PlainChildProcesses::PlainChildProcesses(LivingChildren& living) : living_(living) {
  thread_ = std::thread([this] { work(); });
}

PlainChildProcesses::~PlainChildProcesses() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void PlainChildProcesses::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || !orders_.empty(); });
    if (orders_.empty()) return;
    auto* order = orders_.front();
    orders_.erase(orders_.begin());
    lock.unlock();
    std::optional<Started> started;
    std::optional<Failure> failure;
    try {
      started = spawn(order->program);
    } catch (const Failure& error) {
      failure = error;
    } catch (const std::exception& error) {
      failure = Failure(Cause::gone, error.what());
    }
    lock.lock();
    order->started = std::move(started);
    order->failure = std::move(failure);
    order->done = true;
    changed_.notify_all();
  }
}

std::unique_ptr<ChildProcess> PlainChildProcesses::start(const Program& program) {
  auto place = living_.enter(program.server);
  Order order{program};
  {
    std::unique_lock lock(mutex_);
    if (ending_) throw Failure(Cause::stopped, "this server stops");
    orders_.push_back(&order);
    changed_.notify_all();
    changed_.wait(lock, [&] { return order.done; });
  }
  if (order.failure) throw *order.failure;
  return std::make_unique<PlainChild>(std::move(place), *std::move(order.started));
}

}  // namespace agent::mcp
