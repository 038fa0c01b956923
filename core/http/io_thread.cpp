// The only file that includes Pistache: its reactor runs the thread, its transport owns the peers and their
// descriptors. No other thread calls it, and its write queue and read loop are never used.
#include "core/http/io_thread.hpp"

#include <pistache/peer.h>
#include <pistache/reactor.h>
#include <pistache/tcp.h>
#include <pistache/transport.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>

#include "core/http/connection.hpp"
#include "core/http/http_date.hpp"
#include "core/ops/log.hpp"

namespace mortise::http {
namespace {

namespace Polling = Pistache::Polling;
using Polling::NotifyOn;

constexpr int kAcceptsPerRound = 64;
constexpr auto kListenPause = std::chrono::milliseconds(100);
constexpr std::size_t kRefusalHeadroom = 64;  // connections over the limit that still get a 503

// The transport needs a handler; its read loop, which would call this one, never runs.
class SilentHandler final : public Pistache::Tcp::Handler {
 public:
  void onInput(const char*, std::size_t, const std::shared_ptr<Pistache::Tcp::Peer>&) override {}
  std::shared_ptr<Pistache::Tcp::Handler> clone() const override { return std::make_shared<SilentHandler>(); }
};

// Cuts a connection that fails inside (out of memory, in practice), so that the others of the round continue.
template <typename Action>
void safely(Connection& connection, const Action& action) {
  try {
    action();
  } catch (const std::exception& failure) {
    log::error("a connection failed", {{"connection", connection.id()}, {"reason", failure.what()}});
    connection.cut(true);
  } catch (...) {
    log::error("a connection failed", {{"connection", connection.id()}, {"reason", "unknown exception"}});
    connection.cut(true);
  }
}

int openSpare() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

}  // namespace

class IoTransport final : public Pistache::Tcp::Transport {
 public:
  explicit IoTransport(IoThread& io) : Pistache::Tcp::Transport(std::make_shared<SilentHandler>()), io_(io) {}

  void registerPoller(Polling::Epoll& poller) override {
    Pistache::Tcp::Transport::registerPoller(poller);
    const auto tag = [](int fd) { return Polling::Tag(static_cast<std::uint64_t>(fd)); };
    poller.addFd(io_.taskFd_, Pistache::Flags<NotifyOn>(NotifyOn::Read), tag(io_.taskFd_));
    poller.addFd(io_.timerFd_, Pistache::Flags<NotifyOn>(NotifyOn::Read), tag(io_.timerFd_));
    for (const Listener& listener : *io_.listeners_) {
      poller.addFd(listener.fd(), Pistache::Flags<NotifyOn>(NotifyOn::Read), tag(listener.fd()));
    }
  }

  // An exception that leaves this function would end the reactor's thread.
  void onReady(const Pistache::Aio::FdSet& ready) override {
    try {
      events_.clear();
      for (const auto& entry : const_cast<Pistache::Aio::FdSet&>(ready)) {
        // The set hides the one flag that reports a half-closed peer; its base class has it.
        const Polling::Event& event = (const Polling::Event&)entry;  // NOLINT: the base is private
        const bool finished = event.flags.hasFlag(NotifyOn::Hangup) || event.flags.hasFlag(NotifyOn::Shutdown);
        events_.push_back({static_cast<int>(entry.getTag().value()), entry.isReadable(), entry.isWritable(), finished,
                           entry.isHangup()});
      }
      io_.round(events_);
    } catch (const std::exception& failure) {
      log::error("an I/O round failed", {{"reason", failure.what()}});
    } catch (...) {
      log::error("an I/O round failed", {{"reason", "unknown exception"}});
    }
  }

  std::shared_ptr<Pistache::Aio::Handler> clone() const override { return std::make_shared<IoTransport>(io_); }

  void adopt(const std::shared_ptr<Pistache::Tcp::Peer>& peer) { handleNewPeer(peer); }
  void release(int fd) {
    const auto entry = peers.find(fd);
    if (entry == peers.end()) return;
    const std::shared_ptr<Pistache::Tcp::Peer> peer = entry->second;
    removePeer(peer);
  }

 private:
  IoThread& io_;
  std::vector<IoThread::Event> events_;
};

struct IoThread::Reactor {
  std::shared_ptr<Pistache::Aio::Reactor> reactor;
  std::shared_ptr<IoTransport> transport;
  Pistache::Aio::Reactor::Key key;
};

thread_local IoThread* IoThread::current_ = nullptr;

IoThread::IoThread(std::shared_ptr<ServerState> state) : state_(std::move(state)), readBuffer_(new char[kReadBuffer]) {
  if (::getrandom(&requestSeed_, sizeof requestSeed_, 0) != static_cast<ssize_t>(sizeof requestSeed_)) {
    requestSeed_ = static_cast<std::uint64_t>(Clock::now().time_since_epoch().count());
  }
}

IoThread::~IoThread() {
  for (const int fd : {taskFd_, timerFd_, spareFd_}) {
    if (fd >= 0) ::close(fd);
  }
}

void IoThread::start(const std::vector<Listener>& listeners) {
  listeners_ = &listeners;
  taskFd_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  timerFd_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  spareFd_ = openSpare();
  if (taskFd_ < 0 || timerFd_ < 0 || spareFd_ < 0) {
    throw std::runtime_error(std::string("cannot start an I/O thread: ") + std::strerror(errno));
  }
  reactor_ = std::make_unique<Reactor>();
  reactor_->reactor = Pistache::Aio::Reactor::create();
  reactor_->reactor->init();
  reactor_->transport = std::make_shared<IoTransport>(*this);
  reactor_->key = reactor_->reactor->addHandler(reactor_->transport);
  thread_ = std::thread([this] { run(); });
}

void IoThread::run() {
  // The main thread handles signals, and only blocking SIGPIPE keeps sendfile() from raising it.
  sigset_t all;
  ::sigfillset(&all);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) ::sigdelset(&all, fault);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  ::pthread_setname_np(::pthread_self(), "mortise-io");
  current_ = this;
  now_ = Clock::now();
  reactor_->reactor->run();
  current_ = nullptr;
}

std::size_t IoThread::stop() {
  if (!thread_.joinable()) return 0;
  const auto end = [this] {
    stopAccepting();
    now_ = Clock::now();
    std::vector<std::shared_ptr<Connection>> all;
    for (const auto& [id, connection] : connections_) all.push_back(connection);
    cut_ = all.size();
    for (const auto& connection : all) connection->cut(true);
    finishRound();
    {
      const std::lock_guard lock(taskMutex_);
      ended_ = true;
    }
    runTasks();  // tasks posted meanwhile find no connection and report that to their owner
    reactor_->reactor->shutdown();
  };
  post(end);
  thread_.join();
  reactor_.reset();
  return cut_;
}

bool IoThread::post(Task task) {
  bool wake = false;
  {
    const std::lock_guard lock(taskMutex_);
    if (ended_) return false;
    wake = tasks_.empty();
    tasks_.push_back(std::move(task));
  }
  if (wake) {
    const std::uint64_t one = 1;
    while (::write(taskFd_, &one, sizeof one) < 0 && errno == EINTR) {
    }
  }
  return true;
}

bool IoThread::guarded(const char* what, const std::function<void()>& callback) {
  const auto limit = state_->options.loopWarning;
  const TimePoint before = limit.count() > 0 ? Clock::now() : TimePoint();
  bool fine = false;
  try {
    callback();
    fine = true;
  } catch (const std::exception& failure) {
    log::error("a callback threw", {{"callback", what}, {"reason", failure.what()}});
  } catch (...) {
    log::error("a callback threw", {{"callback", what}, {"reason", "unknown exception"}});
  }
  if (limit.count() > 0) {
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - before);
    if (took > limit)
      log::warning("a callback held up an I/O thread", {{"callback", what}, {"microseconds", took.count()}});
  }
  return fine;
}

Connection* IoThread::find(std::uint64_t connectionId) {
  const auto entry = connections_.find(connectionId);
  return entry == connections_.end() || entry->second->dead() ? nullptr : entry->second.get();
}

void IoThread::watch(int fd, bool writable) {
  const auto interest =
      writable ? NotifyOn::Read | NotifyOn::Shutdown | NotifyOn::Write : NotifyOn::Read | NotifyOn::Shutdown;
  reactor_->reactor->modifyFd(reactor_->key, fd, interest, Polling::Mode::Edge);
}

void IoThread::arm(Connection& connection, TimePoint due) {
  connection.armed = due;
  if (due == TimePoint::max()) return;
  timers_.push_back({due, connection.id()});
  std::push_heap(timers_.begin(), timers_.end());
  if (due < timerArmedFor_) armTimerFd();
}

void IoThread::armTimerFd() {
  TimePoint due = timers_.empty() ? TimePoint::max() : timers_.front().due;
  due = std::min(due, listenAgain_);
  timerArmedFor_ = due;
  itimerspec spec{};
  if (due != TimePoint::max()) {
    // Steady time and CLOCK_MONOTONIC are one clock here. Zero would disarm the timer.
    const auto since =
        std::max<std::int64_t>(1, std::chrono::duration_cast<std::chrono::nanoseconds>(due.time_since_epoch()).count());
    spec.it_value.tv_sec = since / 1'000'000'000;
    spec.it_value.tv_nsec = since % 1'000'000'000;
  }
  ::timerfd_settime(timerFd_, TFD_TIMER_ABSTIME, &spec, nullptr);
}

void IoThread::touch(Connection& connection) { touched_.push_back(connection.id()); }

void IoThread::bury(Connection& connection) { buried_.push_back(connection.id()); }

std::string_view IoThread::date() {
  timespec wall{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &wall);
  if (wall.tv_sec != dateSecond_) {
    dateSecond_ = wall.tv_sec;
    date_ = formatHttpDate(wall.tv_sec);
  }
  return date_;
}

void IoThread::round(const std::vector<Event>& events) {
  now_ = Clock::now();
  bool accept = false;
  for (const Event& event : events) {
    const auto index = static_cast<std::size_t>(event.fd);
    if (index < byFd_.size() && byFd_[index]) {
      Connection& connection = *byFd_[index];
      safely(connection, [&] { connection.onEvent(event.readable, event.writable, event.finished, event.hungUp); });
    } else if (event.fd == taskFd_) {
      runTasks();
    } else if (event.fd == timerFd_) {
      runTimers();
    } else {
      accept = true;
    }
  }
  if (accept && accepting_ && listening_) {
    for (const Event& event : events) {
      for (const Listener& listener : *listeners_) {
        if (listener.fd() == event.fd && listening_) acceptFrom(listener);
      }
    }
  }
  finishRound();
}

// Gives every touched connection its turn and removes dead ones. A descriptor may be closed only now: otherwise an
// event of this round could reach the next owner of its number.
void IoThread::finishRound() {
  while (!touched_.empty()) {
    std::vector<std::uint64_t> work;
    work.swap(touched_);
    for (const std::uint64_t id : work) {
      if (Connection* connection = find(id)) safely(*connection, [&] { connection->turn(); });
    }
    if (touched_.empty()) {
      work.clear();
      touched_.swap(work);  // keeps the capacity
    }
  }
  for (std::size_t i = 0; i < buried_.size(); ++i) {
    const auto entry = connections_.find(buried_[i]);
    if (entry == connections_.end()) continue;
    const std::shared_ptr<Connection> connection = entry->second;
    byFd_[static_cast<std::size_t>(connection->fd())] = nullptr;
    connections_.erase(entry);
    reactor_->transport->release(connection->fd());
  }
  buried_.clear();
}

void IoThread::runTasks() {
  std::uint64_t count = 0;
  while (::read(taskFd_, &count, sizeof count) < 0 && errno == EINTR) {
  }
  std::vector<Task> tasks;
  {
    const std::lock_guard lock(taskMutex_);
    tasks.swap(tasks_);
  }
  for (Task& task : tasks) {
    try {
      task();
    } catch (const std::exception& failure) {
      log::error("a posted task threw", {{"reason", failure.what()}});
    } catch (...) {
      log::error("a posted task threw", {{"reason", "unknown exception"}});
    }
    task = nullptr;
  }
}

void IoThread::runTimers() {
  std::uint64_t count = 0;
  while (::read(timerFd_, &count, sizeof count) < 0 && errno == EINTR) {
  }
  timerArmedFor_ = TimePoint::max();
  if (listenAgain_ <= now_) resumeListening();
  while (!timers_.empty() && timers_.front().due <= now_) {
    const Timer timer = timers_.front();
    std::pop_heap(timers_.begin(), timers_.end());
    timers_.pop_back();
    Connection* connection = find(timer.connectionId);
    if (!connection || connection->armed != timer.due) continue;  // gone, or armed for an earlier time since
    connection->armed = TimePoint::max();
    safely(*connection, [&] { connection->onTimer(); });
  }
  armTimerFd();
}

void IoThread::acceptFrom(const Listener& listener) {
  for (int i = 0; i < kAcceptsPerRound; ++i) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    const int fd =
        ::accept4(listener.fd(), reinterpret_cast<sockaddr*>(&address), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      adopt(fd, Listener::describe(address));
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) exhausted(listener);
    return;
  }
}

// No descriptor is left. Closing the spare one lets the thread refuse one client; then the listening sockets pause,
// because they would stay readable.
void IoThread::exhausted(const Listener& listener) {
  log::warning("out of file descriptors; accepting pauses", {{"listener", listener.address()}});
  ::close(spareFd_);
  const int fd = ::accept4(listener.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) ::close(fd);
  spareFd_ = openSpare();
  state_->counters.refusedConnections.fetch_add(1, std::memory_order_relaxed);
  if (!listening_) return;
  listening_ = false;
  for (const Listener& one : *listeners_) reactor_->reactor->removeFd(reactor_->key, one.fd());
  listenAgain_ = now_ + kListenPause;
  if (listenAgain_ < timerArmedFor_) armTimerFd();
}

void IoThread::resumeListening() {
  listenAgain_ = TimePoint::max();
  if (listening_ || !accepting_) return;
  listening_ = true;
  if (spareFd_ < 0) spareFd_ = openSpare();
  for (const Listener& one : *listeners_) {
    reactor_->reactor->registerFd(reactor_->key, one.fd(), NotifyOn::Read,
                                  Polling::Tag(static_cast<std::uint64_t>(one.fd())));
  }
}

void IoThread::stopAccepting() {
  if (!accepting_) return;
  accepting_ = false;
  if (!listening_) return;
  listening_ = false;
  for (const Listener& one : *listeners_) reactor_->reactor->removeFd(reactor_->key, one.fd());
}

void IoThread::drainConnections() {
  std::vector<std::uint64_t> ids;
  ids.reserve(connections_.size());
  for (const auto& [id, connection] : connections_) ids.push_back(id);
  for (const std::uint64_t id : ids) {
    if (Connection* connection = find(id)) safely(*connection, [&] { connection->drain(); });
  }
}

void IoThread::adopt(int fd, const Peer& peer) {
  ServerCounters& counters = state_->counters;
  const ServerOptions& options = state_->options;
  const std::size_t present = counters.connections.load(std::memory_order_relaxed);
  if (present >= options.maxConnections + kRefusalHeadroom) {
    ::close(fd);
    counters.refusedConnections.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  bool over = present >= options.maxConnections;
  bool counted = false;
  if (!over && options.maxConnectionsPerAddress > 0 && standsForOneClient(peer, options)) {
    counted = state_->addresses.enter(peer.address, options.maxConnectionsPerAddress);
    over = !counted;
  }
  if (!peer.isUnix) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  const auto connection =
      std::make_shared<Connection>(*this, state_->nextConnection.fetch_add(1, std::memory_order_relaxed), fd,
                                   std::make_shared<const Peer>(peer), counted);
  const auto index = static_cast<std::size_t>(fd);
  if (index >= byFd_.size()) byFd_.resize(index + 64, nullptr);
  byFd_[index] = connection.get();
  connections_.emplace(connection->id(), connection);
  // Pistache's peer stores an address that is never read, so use the cheapest.
  reactor_->transport->adopt(Pistache::Tcp::Peer::Create(fd, Pistache::Address()));
  (over ? counters.refusedConnections : counters.accepted).fetch_add(1, std::memory_order_relaxed);
  safely(*connection, [&] {
    if (over) connection->refuseConnection();
    connection->turn();
  });
}

}  // namespace mortise::http
