#include "mcp/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "mcp/line_reader.hpp"
#include "mcp/transport.hpp"
#include "sandbox/fd.hpp"

namespace agent::mcp {
namespace {

using Cause = Failure::Cause;
using sandbox::Fd;
using std::chrono::milliseconds;

constexpr std::size_t kMostWords = 4096;
constexpr milliseconds kAfterStdin{500};  // for a child to end by itself once its stdin is closed
constexpr milliseconds kAfterTerm{2000};
constexpr milliseconds kAfterKill{2000};
constexpr const char* kInherited[] = {"PATH", "HOME", "LANG"};

struct Pipe {
  Fd read;
  Fd write;
};
Pipe makePipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw Failure(Cause::gone, "there are no descriptors left for it");
  return {Fd(ends[0]), Fd(ends[1])};
}
void makeNonBlocking(const Fd& descriptor) {
  ::fcntl(descriptor.get(), F_SETFL, ::fcntl(descriptor.get(), F_GETFL) | O_NONBLOCK);
}

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
  makeNonBlocking(input.write);
  makeNonBlocking(output.read);
  makeNonBlocking(errors.read);
  return {pid, std::move(input.write), std::move(output.read), std::move(errors.read)};
}

class PlainChild final : public ChildProcess {
 public:
  PlainChild(Started started, std::string server, LivingChildren& living)
      : child_(std::move(started)), living_(living), lines_(kLongestMessage) {
    living_.add({std::move(server), child_.pid, std::chrono::system_clock::now()});
  }
  ~PlainChild() override {
    end();
    living_.remove(child_.pid);
  }

  void write(std::string_view line, const Waiting& waiting) override {
    std::string text(line);
    text.push_back('\n');
    for (std::string_view left = text; !left.empty();) {
      const auto written = ::write(child_.input.get(), left.data(), left.size());
      if (written > 0) {
        left.remove_prefix(static_cast<std::size_t>(written));
      } else if (errno == EAGAIN || errno == EINTR) {
        waiting.check();
        exchange(waiting, true);
      } else {
        throw ended();
      }
    }
  }

  std::string readLine(const Waiting& waiting) override {
    for (;;) {
      if (auto line = lines_.next()) return *std::move(line);
      if (outputEnded_) throw ended();
      waiting.check();
      exchange(waiting, false);
    }
  }

  std::string lastWords() override {
    readErrors();
    return words_;
  }

 private:
  // Waits a little for either side; reads what there is.
  void exchange(const Waiting& waiting, bool writing) {
    std::array<pollfd, 3> all{{{outputEnded_ ? -1 : child_.output.get(), POLLIN, 0},
                               {errorsEnded_ ? -1 : child_.errors.get(), POLLIN, 0},
                               {writing ? child_.input.get() : -1, POLLOUT, 0}}};
    ::poll(all.data(), all.size(), static_cast<int>(waiting.slice().count()));
    readErrors();
    std::array<char, 65536> piece;
    while (!outputEnded_) {
      const auto got = ::read(child_.output.get(), piece.data(), piece.size());
      if (got > 0) {
        if (!lines_.take({piece.data(), static_cast<std::size_t>(got)}))
          throw Failure(Cause::unreadable, "it wrote a message that is too large, or too many");
        if (got < static_cast<ssize_t>(piece.size())) break;
      } else if (got == 0) {
        outputEnded_ = true;
      } else if (errno == EINTR) {
        continue;
      } else {
        outputEnded_ = errno != EAGAIN;
        break;
      }
    }
  }

  void readErrors() {
    std::array<char, 4096> piece;
    for (int pieces = 0; !errorsEnded_ && pieces < 64; ++pieces) {
      const auto got = ::read(child_.errors.get(), piece.data(), piece.size());
      if (got > 0) {
        words_.append(piece.data(), static_cast<std::size_t>(got));
        if (words_.size() > kMostWords) words_.erase(0, words_.size() - kMostWords);
      } else {
        errorsEnded_ = got == 0 || (errno != EAGAIN && errno != EINTR);
        break;
      }
    }
  }

  Failure ended() {
    readErrors();
    return {Cause::gone, "its process ended"};
  }

  // Whether it has ended. It is not reaped, so that its group's number stays its own.
  bool hasEnded(milliseconds most) const {
    const auto until = Waiting::Clock::now() + most;
    for (;;) {
      siginfo_t info{};
      const auto got = ::waitid(P_PID, static_cast<id_t>(child_.pid), &info, WEXITED | WNOHANG | WNOWAIT);
      if ((got == 0 && info.si_pid == child_.pid) || (got < 0 && errno == ECHILD)) return true;
      if (Waiting::Clock::now() >= until) return false;
      ::usleep(2000);
    }
  }

  void end() noexcept {
    child_.input.reset();
    child_.output.reset();
    child_.errors.reset();
    const bool byItself = hasEnded(kAfterStdin);
    ::kill(-child_.pid, SIGTERM);
    if (!byItself) hasEnded(kAfterTerm);
    ::kill(-child_.pid, SIGKILL);  // what it started and left, too
    hasEnded(kAfterKill);
    ::waitpid(child_.pid, nullptr, WNOHANG);
  }

  Started child_;
  LivingChildren& living_;
  LineReader lines_;
  std::string words_;
  bool outputEnded_ = false;
  bool errorsEnded_ = false;
};

}  // namespace

void LivingChildren::add(const Child& child) {
  const std::lock_guard lock(mutex_);
  byPid_[child.pid] = child;
  if (changed_) changed_(static_cast<std::int64_t>(byPid_.size()));
}

void LivingChildren::remove(std::int64_t pid) {
  const std::lock_guard lock(mutex_);
  byPid_.erase(pid);
  if (changed_) changed_(static_cast<std::int64_t>(byPid_.size()));
}

std::vector<LivingChildren::Child> LivingChildren::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<Child> out;
  for (const auto& [pid, child] : byPid_) out.push_back(child);
  return out;
}

std::string LivingChildren::description() const {
  constexpr std::size_t kMostNamed = 20;
  const auto children = all();
  std::string out = std::to_string(children.size());
  for (std::size_t i = 0; i < std::min(children.size(), kMostNamed); ++i)
    out.append(i == 0 ? ": " : ", ")
        .append(children[i].server)
        .append(" (pid ")
        .append(std::to_string(children[i].pid))
        .append(")");
  return out;
}

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
  Order order{program};
  {
    std::unique_lock lock(mutex_);
    if (ending_) throw Failure(Cause::stopped, "this server stops");
    orders_.push_back(&order);
    changed_.notify_all();
    changed_.wait(lock, [&] { return order.done; });
  }
  if (order.failure) throw *order.failure;
  return std::make_unique<PlainChild>(*std::move(order.started), program.server, living_);
}

std::unique_ptr<ChildProcess> McpProcesses::start(const Program& program) {
  if (std::find(trusted_.begin(), trusted_.end(), program.server) != trusted_.end()) return plain_.start(program);
  if (boxed_ != nullptr) return boxed_->start(program);
  throw Failure(Cause::forbidden,
                "it runs a program, for which this server has no box; the operator may name it in agent.mcp_trusted");
}

}  // namespace agent::mcp
