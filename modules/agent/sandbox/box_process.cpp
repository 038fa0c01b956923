#include "box_process.hpp"

#include <mortise/problem.hpp>

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <stdexcept>

#include "descriptors.hpp"

namespace agent::sandbox {
namespace {

using namespace std::chrono_literals;
using mortise::Problem;

constexpr auto kStartLimit = 10s;
constexpr auto kPingEvery = 10s;
constexpr auto kSilence = 60s;
constexpr auto kRemoveLimit = 2s;
constexpr double kOutputRate = 4 << 20;  // bytes a second of all commands of a box, after the first kOutputBurst
constexpr double kOutputBurst = 8 << 20;
constexpr std::size_t kMaxOutbox = 8 << 20;
constexpr std::size_t kMaxSaid = 4096;

// The child of the outer bubblewrap.
pid_t childOf(pid_t pid) {
  const auto text = std::to_string(pid);
  std::ifstream file("/proc/" + text + "/task/" + text + "/children");
  pid_t child = 0;
  file >> child;
  return child;
}

bool lives(const Fd& process) {
  pollfd ended{process.get(), POLLIN, 0};
  return process && poll(&ended, 1, 0) == 0;
}

}  // namespace

BoxProcess::BoxProcess(SpawnPlan plan, BoxGroup group, const wire::Hello& limits, std::function<void()> wake)
    : plan_(std::move(plan)), group_(std::move(group)), wake_(std::move(wake)), budget_(kOutputBurst) {
  plan_.group = &group_;
  link_.hello(limits);
}

BoxProcess::Use::Use(BoxProcess& process) : process_(process), lock_(process.mutex_) { check(); }

void BoxProcess::Use::check() const {
  if (process_.ended_) throw Problem(503, "sandbox_unavailable").with("reason", process_.reason_);
}

void BoxProcess::Use::lock() {
  lock_.lock();
  check();
}

bool BoxProcess::Use::wait(const std::function<bool()>& done, Clock::time_point deadline, const Stopped& stopped) {
  process_.flush();
  for (;;) {
    check();
    if (done()) return true;
    const auto now = Clock::now();
    if (now >= deadline) return false;
    if (stopped && stopped()) return false;
    process_.changed_.wait_until(lock_, stopped ? std::min(deadline, now + 100ms) : deadline);
  }
}

bool BoxProcess::awaitReady(std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, most, [&] { return link_.ready() || ended_; });
  return link_.ready() && !ended_;
}

bool BoxProcess::awaitGone(std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, most, [&] { return gone_; });
}

bool BoxProcess::alive() const {
  const std::lock_guard lock(mutex_);
  return !ended_;
}

bool BoxProcess::gone() const {
  const std::lock_guard lock(mutex_);
  return gone_;
}

std::string BoxProcess::why() const {
  const std::lock_guard lock(mutex_);
  return reason_;
}

pid_t BoxProcess::pid() const {
  const std::lock_guard lock(mutex_);
  return reaped_ ? 0 : std::max(spawned_.pid, 0);
}

void BoxProcess::end(std::string reason) {
  {
    const std::lock_guard lock(mutex_);
    endLocked(std::move(reason));
  }
  wake_();
}

void BoxProcess::endLocked(std::string reason) {
  if (ended_) return;
  ended_ = true;
  reason_ = std::move(reason);
  endedAt_ = Clock::now();
  link_.drop();
  changed_.notify_all();
}

void BoxProcess::flush() {
  while (spawned_.socket && link_.unsent() > 0) {
    const auto next = link_.outgoing();
    const auto size = sendWith(spawned_.socket.get(), next.bytes, next.descriptors);
    if (size < 0) {
      if (errno != EAGAIN && errno != EINTR) endLocked("the helper has gone");
      break;
    }
    link_.sent(static_cast<std::size_t>(size));
  }
  if (link_.unsent() > kMaxOutbox) endLocked("the helper does not read");
  if (link_.unsent() > 0 || ended_) wake_();
}

void BoxProcess::start() {
  const std::lock_guard lock(mutex_);
  startedAt_ = pingedAt_ = heardAt_ = repaidAt_ = Clock::now();
  if (ended_) return;
  try {
    spawned_ = spawnBox(plan_);
    flush();
  } catch (const std::runtime_error& error) {
    endLocked(error.what());
  }
}

BoxProcess::Watched BoxProcess::watched() const {
  const std::lock_guard lock(mutex_);
  Watched out;
  out.socket = killed_ ? -1 : spawned_.socket.get();
  out.sends = link_.unsent() > 0;
  out.process = reaped_ ? -1 : spawned_.process.get();
  out.errors = spawned_.errors.get();
  return out;
}

void BoxProcess::onSocket() {
  const std::lock_guard lock(mutex_);
  if (ended_ || !spawned_.socket) return;
  flush();
  static thread_local char bytes[256U << 10U];
  Fd descriptor;
  const auto size = receiveWith(spawned_.socket.get(), bytes, sizeof bytes, descriptor);
  if (size == kBadDescriptors) {
    endLocked("the helper passed descriptors that it should not");
    return;
  }
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) {
    if (link_.ready()) endLocked("the box has ended");
    spawned_.socket.reset();  // before that bubblewrap has something to say, and ends
    return;
  }
  const bool ready = link_.ready();
  heardAt_ = Clock::now();
  if (!link_.receive({bytes, static_cast<std::size_t>(size)}, std::move(descriptor))) {
    endLocked("the helper broke the protocol");
    return;
  }
  if (!ready && link_.ready()) {
    inner_ = childOf(spawned_.pid);
    if (inner_ > 0) innerProcess_ = Fd(static_cast<int>(syscall(SYS_pidfd_open, inner_, 0)));
  }
  repay(heardAt_);
  flush();
  changed_.notify_all();
}

// Output of commands is paid for slowly after the first megabytes: a command that writes without end costs the server
// little.
void BoxProcess::repay(Clock::time_point now) {
  const double seconds = std::chrono::duration<double>(now - repaidAt_).count();
  repaidAt_ = now;
  budget_ = std::min(kOutputBurst, budget_ + seconds * kOutputRate);
  for (const auto& [id, channel] : link_.all()) {
    if (channel->sink) budget_ -= link_.repay(*channel, static_cast<std::uint32_t>(std::max(0.0, budget_)));
  }
}

void BoxProcess::onErrors() {
  const std::lock_guard lock(mutex_);
  char bytes[1024];
  const auto size = read(spawned_.errors.get(), bytes, sizeof bytes);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) {
    spawned_.errors.reset();
    return;
  }
  said_.append(bytes, std::min(static_cast<std::size_t>(size), kMaxSaid - std::min(kMaxSaid, said_.size())));
}

void BoxProcess::onProcess() {
  const std::lock_guard lock(mutex_);
  siginfo_t info{};
  if (waitid(P_PIDFD, static_cast<id_t>(spawned_.process.get()), &info, WEXITED | WNOHANG) == 0 && info.si_pid == 0)
    return;
  reaped_ = true;
  auto said = said_.substr(0, said_.find_last_not_of(" \n") + 1);
  endLocked(link_.ready()  ? "the box has ended"
            : said.empty() ? "bubblewrap ended with status " + std::to_string(info.si_status)
                           : said);
}

void BoxProcess::kill() {
  killed_ = true;
  killGroup(group_);
  if (spawned_.process && !reaped_) syscall(SYS_pidfd_send_signal, spawned_.process.get(), SIGKILL, nullptr, 0);
  spawned_.socket.reset();
}

int BoxProcess::tick(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (gone_) return 1000;
  if (!ended_) {
    if (!link_.ready() && now - startedAt_ > kStartLimit) endLocked("the helper did not answer within ten seconds");
    if (link_.ready() && now - heardAt_ > kSilence) endLocked("the helper went silent");
    if (link_.ready() && now - pingedAt_ > kPingEvery) {
      pingedAt_ = now;
      link_.ping();
      flush();
    }
  }
  if (!ended_) {
    repay(now);
    flush();
    const bool owing = std::any_of(link_.all().begin(), link_.all().end(),
                                   [](const auto& entry) { return entry.second->sink && entry.second->owed > 0; });
    return owing ? 50 : 1000;
  }
  if (!killed_) kill();
  if (!reaped_ && spawned_.process) return 50;
  // Where this server is the one that collects orphans, the box's process 1 comes to it.
  if (inner_ > 0 && waitpid(inner_, nullptr, WNOHANG) != 0) inner_ = 0;
  const bool removed = removeGroup(group_);  // the watchdog has none
  if ((removed && !lives(innerProcess_)) || now - endedAt_ > kRemoveLimit) {
    gone_ = true;
    spawned_ = Spawned{};
    innerProcess_.reset();
    changed_.notify_all();
    return 1000;
  }
  return 10;
}

}  // namespace agent::sandbox
