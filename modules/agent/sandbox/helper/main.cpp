// Process 1 of a box: starts commands and file operations for the server, and collects what they leave.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "helper.hpp"

namespace agent::sandbox::helper {

std::int64_t nowMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void keepDescriptors(const int* fds, int count) {
  int high[1 + wire::kMaxDescriptors];
  for (int i = 0; i < count; ++i) high[i] = fcntl(fds[i], F_DUPFD, 3 + count);
  for (int i = 0; i < count; ++i) dup2(high[i], 3 + i);
  close_range(static_cast<unsigned>(3 + count), ~0U, 0);
}

namespace {

using wire::Type;

constexpr int kSocket = 3;
constexpr std::size_t kOutRoom = 1U << 20U;
constexpr std::size_t kOutReserve = 32U << 10U;  // for frames that are no output: each channel has a few at most
constexpr std::size_t kPiece = 32U << 10U;
constexpr std::size_t kMaxAfterExit = 256U << 10U;      // what a terminal can hold when the command ends, and more
constexpr int kMaxWaiting = 4 * wire::kMaxDescriptors;  // descriptors whose frame is not whole yet
constexpr int kGraceMs = 10;                            // a terminal hands over what was written a moment later
constexpr int kRelayAgainMs = 1000;

struct Channel {
  bool used = false;
  bool file = false;  // else a command or program, which has a keeper
  std::uint32_t id = 0;
  int output = -1;  // terminal or pipe
  int input = -1;   // the terminal again, or the pipe of a file that is written
  int control = -1;
  pid_t pid = -1;  // keeper or worker; -1 when it has ended
  std::uint32_t credit = 0;
  bool closing = false;
  bool ended = false;  // the status is known
  bool told = false;   // and the server knows it
  int status = 0;
  std::int64_t graceUntil = 0;
  std::size_t afterExit = 0;
  bool outputEnded = false;
  bool inputEnds = false;
  char* queue = nullptr;
  std::size_t queued = 0;
  std::size_t room = 0;
};

class Helper {
 public:
  [[noreturn]] void run() {
    put(Type::ready, 0, wire::kVersion);
    heardAt_ = nowMs();
    for (;;) {
      pumpAll();
      flush();
      wait();
      reapAll();
      keepRelay();
      if (!receive()) _exit(0);
      if (nowMs() - heardAt_ > silenceMs_) _exit(0);
    }
  }

 private:
  // --- to the server
  char* reserve(std::size_t size) {
    if (outEnd_ + size > kOutRoom) {
      memmove(out_, out_ + outAt_, outEnd_ - outAt_);
      outEnd_ -= outAt_;
      outAt_ = 0;
    }
    if (outEnd_ + size > kOutRoom) _exit(0);  // the server asks and does not read
    return out_ + outEnd_;
  }
  void put(Type type, std::uint32_t channel) {
    wire::putHead(reserve(wire::kHead), type, channel, 0);
    outEnd_ += wire::kHead;
  }
  void put(Type type, std::uint32_t channel, std::uint32_t value) {
    char* const at = reserve(wire::kHead + 4);
    wire::putHead(at, type, channel, 4);
    wire::putU32(at + wire::kHead, value);
    outEnd_ += wire::kHead + 4;
  }
  std::size_t outputRoom() const {
    const auto used = outEnd_ - outAt_ + kOutReserve + wire::kHead;
    return used < kOutRoom ? kOutRoom - used : 0;
  }
  // `fd` goes with the frame, and is closed when it has gone.
  void putDescriptor(std::uint32_t channel, int fd) {
    put(Type::descriptor, channel);
    passing_[passingCount_++] = {sentBytes_ + (outEnd_ - outAt_) - wire::kHead, fd};
  }
  void flush() {
    while (outAt_ < outEnd_) {
      std::size_t most = outEnd_ - outAt_;
      int fd = -1;
      for (int i = 0; i < passingCount_; ++i) {  // they are in the order of their frames
        const auto before = static_cast<std::size_t>(passing_[i].at - sentBytes_);
        if (before == 0) {
          fd = passing_[i].fd;
        } else {
          most = before;
          break;
        }
      }
      const auto size = sendWith(out_ + outAt_, most, fd);
      if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (size < 0) _exit(0);
      outAt_ += static_cast<std::size_t>(size);
      sentBytes_ += static_cast<std::uint64_t>(size);
      if (fd < 0) continue;
      close(fd);
      --passingCount_;
      memmove(passing_, passing_ + 1, sizeof passing_[0] * static_cast<std::size_t>(passingCount_));
    }
    outAt_ = outEnd_ = 0;
  }
  static ssize_t sendWith(const char* bytes, std::size_t count, int fd) {
    iovec part{const_cast<char*>(bytes), count};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    if (fd >= 0) {
      message.msg_control = control;
      message.msg_controllen = sizeof control;
      cmsghdr* const head = CMSG_FIRSTHDR(&message);
      head->cmsg_level = SOL_SOCKET;
      head->cmsg_type = SCM_RIGHTS;
      head->cmsg_len = CMSG_LEN(sizeof fd);
      memcpy(CMSG_DATA(head), &fd, sizeof fd);
    }
    return sendmsg(kSocket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  // --- channels
  Channel* find(std::uint32_t id) {
    for (auto& channel : channels_) {
      if (channel.used && channel.id == id) return &channel;
    }
    return nullptr;
  }
  static void closeFd(int& fd) {
    if (fd >= 0) close(fd);
    fd = -1;
  }
  void release(Channel& channel) {
    if (channel.input == channel.output) channel.input = -1;
    closeFd(channel.input);
    closeFd(channel.output);
    closeFd(channel.control);
    free(channel.queue);
    const auto id = channel.id;
    channel = Channel{};
    put(Type::closed, id);
  }

  bool readable(const Channel& channel) const {
    return channel.output >= 0 && !channel.outputEnded && !channel.closing && channel.credit > 0 &&
           outputRoom() > kPiece;
  }
  enum class Pumped { data, nothing, ended, held };
  Pumped pump(Channel& channel) {
    if (channel.output < 0 || channel.outputEnded) return Pumped::ended;
    if (!readable(channel)) return Pumped::held;
    char* const at = reserve(wire::kHead + kPiece);
    const auto most = channel.credit < kPiece ? channel.credit : kPiece;
    const auto size = read(channel.output, at + wire::kHead, most);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return Pumped::nothing;
    if (size <= 0) {  // a terminal that nobody holds any more answers EIO
      channel.outputEnded = true;
      return Pumped::ended;
    }
    wire::putHead(at, Type::output, channel.id, static_cast<std::uint32_t>(size));
    outEnd_ += wire::kHead + static_cast<std::size_t>(size);
    channel.credit -= static_cast<std::uint32_t>(size);
    if (channel.ended) channel.afterExit += static_cast<std::size_t>(size);
    return Pumped::data;
  }
  void pumpAll() {
    for (auto& channel : channels_) {
      if (!channel.used) continue;
      drainInput(channel);
      const auto pumped = channel.closing ? Pumped::ended : pump(channel);
      if (channel.ended && !channel.told) {
        const bool drained = pumped == Pumped::ended ||
                             (!channel.file && (channel.afterExit > kMaxAfterExit ||
                                                (pumped == Pumped::nothing && nowMs() >= channel.graceUntil)));
        if (drained) {
          put(Type::exited, channel.id, static_cast<std::uint32_t>(channel.status));
          channel.told = true;
        }
      }
      // Output of what the command left running is still wanted: the channel ends with the last process.
      if (channel.told && channel.pid < 0 && pumped != Pumped::data && pumped != Pumped::held) release(channel);
    }
  }

  void drainInput(Channel& channel) {
    std::size_t taken = 0;
    while (channel.queued > 0 && channel.input >= 0) {
      auto size = write(channel.input, channel.queue + taken, channel.queued);
      if (size < 0 && (errno == EAGAIN || errno == EINTR)) break;
      if (size < 0) size = static_cast<ssize_t>(channel.queued);  // nobody can read it any more
      taken += static_cast<std::size_t>(size);
      channel.queued -= static_cast<std::size_t>(size);
    }
    if (taken > 0) {
      memmove(channel.queue, channel.queue + taken, channel.queued);
      put(Type::taken, channel.id, static_cast<std::uint32_t>(taken));
    }
    if (channel.inputEnds && channel.queued == 0 && channel.file) closeFd(channel.input);
  }

  void learnStatus(Channel& channel) {
    int status = 0;
    while (channel.control >= 0 && !channel.ended &&
           recv(channel.control, &status, sizeof status, MSG_DONTWAIT) == sizeof status) {
      if (status == kStarted) {
        put(Type::started, channel.id);
      } else {
        end(channel, status);
      }
    }
  }
  static void end(Channel& channel, int status) {
    channel.ended = true;
    channel.status = status;
    channel.graceUntil = nowMs() + kGraceMs;
  }
  void reapAll() {
    for (auto& channel : channels_) {
      if (channel.used && !channel.file) learnStatus(channel);
    }
    int status = 0;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
      if (pid == relay_) relay_ = -1;
      for (auto& channel : channels_) {
        if (!channel.used || channel.pid != pid) continue;
        channel.pid = -1;
        if (channel.file) {
          end(channel, WIFEXITED(status) ? WEXITSTATUS(status) : EINTR);
        } else {
          learnStatus(channel);
          if (!channel.ended) end(channel, 128 + SIGKILL);
          if (!WIFEXITED(status)) killStrays();  // somebody killed the keeper: what it kept is ours now
        }
        break;
      }
    }
  }
  void killStrays() {
    pid_t known[wire::kMaxChannels + 1];
    int count = 0;
    if (relay_ > 0) known[count++] = relay_;
    for (const auto& channel : channels_) {
      if (channel.used && channel.pid > 0) known[count++] = channel.pid;
    }
    killDescendants(known, count);
  }

  // Somebody in the box may have killed it.
  void keepRelay() {
    if (!wayOut_ || relay_ > 0 || nowMs() < relayAt_) return;
    relay_ = startRelay();
    relayAt_ = nowMs() + kRelayAgainMs;
  }

  // --- from the server
  void wait() {
    pollfd fds[2 + 3 * wire::kMaxChannels];
    int count = 0;
    fds[count++] = {kSocket, static_cast<short>(POLLIN | (outAt_ < outEnd_ ? POLLOUT : 0)), 0};
    fds[count++] = {signals_, POLLIN, 0};
    int timeout = 1000;
    for (const auto& channel : channels_) {
      if (!channel.used) continue;
      if (readable(channel)) fds[count++] = {channel.output, POLLIN, 0};
      if (channel.queued > 0 && channel.input >= 0 && !channel.outputEnded) fds[count++] = {channel.input, POLLOUT, 0};
      if (channel.control >= 0 && !channel.ended) fds[count++] = {channel.control, POLLIN, 0};
      if (channel.ended && !channel.told && !channel.file) timeout = kGraceMs;
    }
    poll(fds, static_cast<nfds_t>(count), timeout);
    signalfd_siginfo ignored;
    while (read(signals_, &ignored, sizeof ignored) > 0) {
    }
  }

  // False when the server has gone or talks nonsense.
  bool receive() {
    const auto size = receiveBytes();
    if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) return false;
    if (size < 0) return true;
    inEnd_ += static_cast<std::size_t>(size);
    heardAt_ = nowMs();
    std::size_t at = 0;
    for (;;) {
      wire::Frame frame;
      const auto parsed = wire::parse(in_ + at, inEnd_ - at, wire::kMaxToHelper, frame);
      if (parsed == wire::Parsed::bad) return false;
      if (parsed == wire::Parsed::more) break;
      if (!handle(frame)) return false;
      at += wire::kHead + frame.size;
    }
    memmove(in_, in_ + at, inEnd_ - at);
    inEnd_ -= at;
    return true;
  }

  ssize_t receiveBytes() {
    iovec part{in_ + inEnd_, sizeof in_ - inEnd_};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * wire::kMaxDescriptors)];
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const auto size = recvmsg(kSocket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (size < 0) return size;
    if ((message.msg_flags & MSG_CTRUNC) != 0) _exit(0);
    for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr; head = CMSG_NXTHDR(&message, head)) {
      if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
      const auto count = static_cast<int>((head->cmsg_len - CMSG_LEN(0)) / sizeof(int));
      if (waitingCount_ + count > kMaxWaiting) _exit(0);
      memcpy(waiting_ + waitingCount_, CMSG_DATA(head), sizeof(int) * static_cast<std::size_t>(count));
      waitingCount_ += count;
    }
    return size;
  }

  bool handle(const wire::Frame& frame) {
    if (frame.type == Type::hello) return hello(frame);
    if (processes_ == 0) return false;
    if (frame.type == Type::ping) {
      put(Type::pong, 0);
      return true;
    }
    if (frame.type == Type::exec || frame.type == Type::spawn || frame.type == Type::file) return begin(frame);
    if (frame.type == Type::connect) return connect(frame);
    Channel* const channel = find(frame.channel);
    switch (frame.type) {
      case Type::input:
        return channel == nullptr || takeInput(*channel, frame);
      case Type::credit:
        if (frame.size != 4) return false;
        if (channel != nullptr) channel->credit += wire::getU32(frame.data);
        return true;
      case Type::kill:
        if (channel != nullptr) endAll(*channel);
        return true;
      case Type::close:
        if (channel != nullptr) closeChannel(*channel);
        return true;
      default:
        return false;
    }
  }

  bool hello(const wire::Frame& frame) {
    wire::Hello limits;
    if (processes_ != 0 || !limits.read(frame)) return false;
    processes_ = limits.processes;
    silenceMs_ = limits.silence * 1000LL;
    limit(RLIMIT_NPROC, processes_ + 16);
    limit(RLIMIT_NOFILE, limits.openFiles);
    limit(RLIMIT_CORE, 0);
    if (limits.fileBytes > 0) limit(RLIMIT_FSIZE, limits.fileBytes);
    wayOut_ = hasWayOut();
    keepRelay();
    return true;
  }
  template <class Resource>
  static void limit(Resource resource, std::uint64_t most) {
    rlimit now{};
    if (getrlimit(resource, &now) != 0) return;
    if (now.rlim_max != RLIM_INFINITY && now.rlim_max < most) most = now.rlim_max;
    const rlimit bound{most, most};
    setrlimit(resource, &bound);
  }

  bool begin(const wire::Frame& frame) {
    if (frame.channel == 0 || find(frame.channel) != nullptr) return false;
    Channel started;
    started.used = true;
    started.id = frame.channel;
    started.file = frame.type == Type::file;
    int error = EAGAIN;
    Channel* slot = nullptr;
    for (auto& channel : channels_) {
      if (!channel.used) slot = &channel;
    }
    if (started.file) {
      wire::FileRequest request;
      if (!request.read(frame)) return false;
      FileStart file;
      if (slot != nullptr) error = startFile(request, file);
      started.output = file.output;
      started.input = file.input;
      started.pid = file.worker;
    } else if (frame.type == Type::spawn) {
      wire::Spawn spawn;
      if (!spawn.read(frame) || spawn.descriptors > waitingCount_) return false;
      ProgramStart program;
      if (slot != nullptr) error = startProgram(spawn, waiting_, processes_, program);
      dropWaiting(spawn.descriptors);
      started.control = program.control;
      started.pid = program.keeper;
    } else {
      wire::Exec exec;
      if (!exec.read(frame)) return false;
      ShellStart shell;
      if (slot != nullptr) error = startShell(exec, processes_, shell);
      started.output = started.input = shell.master;
      started.control = shell.control;
      started.pid = shell.keeper;
    }
    if (error != 0) {
      put(Type::exited, frame.channel, static_cast<std::uint32_t>(kNotBegun + error));
      put(Type::closed, frame.channel);
      return true;
    }
    *slot = started;
    return true;
  }

  void dropWaiting(int count) {
    for (int i = 0; i < count; ++i) close(waiting_[i]);
    waitingCount_ -= count;
    memmove(waiting_, waiting_ + count, sizeof(int) * static_cast<std::size_t>(waitingCount_));
  }

  // The whole life of its channel.
  bool connect(const wire::Frame& frame) {
    const wire::Span path{frame.data, frame.size};
    if (frame.channel == 0 || find(frame.channel) != nullptr || path.size == 0 || path.data[0] != '/' ||
        !wire::isText(path, wire::kMaxSocketPath))
      return false;
    int connected = -1;
    const int error = passingCount_ == wire::kMaxChannels ? EAGAIN : connectTo(path, connected);
    if (error == 0) putDescriptor(frame.channel, connected);
    put(Type::exited, frame.channel, static_cast<std::uint32_t>(error));
    put(Type::closed, frame.channel);
    return true;
  }

  bool takeInput(Channel& channel, const wire::Frame& frame) {
    if (channel.queued + frame.size > wire::kMaxInput) return false;
    if (frame.size == 0) {
      channel.inputEnds = true;
      return true;
    }
    if (channel.input < 0 || channel.inputEnds || channel.closing) {
      put(Type::taken, channel.id, static_cast<std::uint32_t>(frame.size));
      return true;
    }
    if (channel.queued + frame.size > channel.room) {
      const auto room = channel.queued + frame.size;
      auto* const larger = static_cast<char*>(realloc(channel.queue, room));
      if (larger == nullptr) return false;
      channel.queue = larger;
      channel.room = room;
    }
    memcpy(channel.queue + channel.queued, frame.data, frame.size);
    channel.queued += frame.size;
    return true;
  }

  void endAll(Channel& channel) {
    if (channel.file) {
      if (channel.pid > 0) kill(channel.pid, SIGKILL);
    } else if (channel.control >= 0) {
      send(channel.control, &kEndAll, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
  }
  void closeChannel(Channel& channel) {
    channel.closing = true;
    if (channel.file) {
      if (channel.pid > 0) kill(channel.pid, SIGKILL);
      return;
    }
    shutdown(channel.control, SHUT_WR);  // the keeper reads the end and kills; its status still comes back
  }

  Channel channels_[wire::kMaxChannels];
  char in_[wire::kHead + wire::kMaxToHelper];
  char out_[kOutRoom];
  std::size_t inEnd_ = 0;
  std::size_t outAt_ = 0;
  std::size_t outEnd_ = 0;
  std::uint64_t sentBytes_ = 0;
  struct Passing {
    std::uint64_t at;  // in all that is sent
    int fd;
  };
  Passing passing_[wire::kMaxChannels];
  int passingCount_ = 0;
  int waiting_[kMaxWaiting];  // descriptors that came, for the next frames
  int waitingCount_ = 0;
  std::uint32_t processes_ = 0;  // 0 until hello
  std::int64_t silenceMs_ = 60000;
  std::int64_t heardAt_ = 0;
  bool wayOut_ = false;
  pid_t relay_ = -1;
  std::int64_t relayAt_ = 0;  // not before it is started again
  int signals_ = makeSignals();

  static int makeSignals() {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr);
    sigset_t chld;
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    return signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
  }
};

}  // namespace
}  // namespace agent::sandbox::helper

int main() {
  using namespace agent::sandbox::helper;
  prctl(PR_SET_DUMPABLE, 0);  // nothing in the box may look into this process or use its socket
  close_range(4, ~0U, 0);
  fcntl(kSocket, F_SETFD, FD_CLOEXEC);
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3; ++fd) dup2(null, fd);
  close(null);
  signal(SIGPIPE, SIG_IGN);
  static Helper helper;
  helper.run();
}
