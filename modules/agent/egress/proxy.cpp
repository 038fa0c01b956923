#include "egress/proxy.hpp"

#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "egress/request_head.hpp"
#include "sandbox/fd.hpp"
#include "sandbox/wake_up.hpp"

namespace agent::egress {
namespace {

using namespace std::chrono_literals;
using sandbox::Fd;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kBuffer = 32U << 10U;    // bytes of one direction on their way
constexpr std::size_t kMaxConnections = 2000;  // of all boxes
constexpr std::size_t kMaxAddresses = 4;       // that are tried, one after another
constexpr int kBacklog = 256;
constexpr double kRate = 50;  // new connections of one box a second, after the first kBurst
constexpr double kBurst = 100;
constexpr auto kLeave = 5s;  // for a box to take a refusal
constexpr auto kPause = 1s;  // when the process has no descriptor left
constexpr std::size_t kMaxEvents = 256;

std::runtime_error failure(const char* what) {
  return std::runtime_error(std::string("egress: ") + what + ": " + std::strerror(errno));
}

Fd listenIn(int directory, uid_t user) {
  Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener) throw failure("socket");
  // By the descriptor: the path of a directory may be longer than an address of a socket.
  const auto path = "/proc/self/fd/" + std::to_string(directory) + "/" + kSocketName;
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof name.sun_path) throw std::runtime_error("egress: a descriptor with too many digits");
  path.copy(name.sun_path, path.size());
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) throw failure("bind");
  if (user != ::geteuid() && ::lchown(path.c_str(), user, static_cast<gid_t>(-1)) != 0) throw failure("chown");
  if (::chmod(path.c_str(), 0600) != 0) throw failure("chmod");
  if (::listen(listener.get(), kBacklog) != 0) throw failure("listen");
  return listener;
}

struct Box {
  std::uint64_t id = 0;
  std::string session;
  uid_t user = 0;
  Fd listener;
  bool listens = false;  // the loop waits for its connections
  std::size_t open = 0;
  std::uint64_t bytes = 0;
  double tokens = kBurst;
  Clock::time_point filledAt = Clock::now();

  void fill(Clock::time_point now) {
    tokens = std::min(kBurst, tokens + kRate * std::chrono::duration<double>(now - filledAt).count());
    filledAt = now;
  }
};

// One side of a connection.
struct Side {
  Fd fd{};
  std::uint32_t watched = 0;  // events
  std::string out{};          // bytes on their way to it
  bool ended = false;         // it says no more
  bool shut = false;          // it was told that no more comes
};

struct Connection {
  enum class State { head, lookup, connecting, copying, leaving };
  std::uint64_t id = 0;
  Box* box = nullptr;
  State state = State::head;
  Side client{};
  Side server{};
  std::string head{};
  RequestHead request{};
  std::uint64_t bodyLeft = 0;  // of plain HTTP: what may still be sent to the server
  std::vector<Address> addresses{};
  std::size_t tried = 0;
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  Outcome outcome = Outcome::done;
  Clock::time_point begunAt = Clock::now();
  Clock::time_point deadline{};
  std::string target{};
};

// What an event is about.
enum class Kind : std::uint64_t { wake, listener, client, server };
std::uint64_t tagOf(Kind kind, std::uint64_t id) { return id << 2 | static_cast<std::uint64_t>(kind); }

}  // namespace

std::string_view nameOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::done:
      return "done";
    case Outcome::malformed:
      return "malformed";
    case Outcome::denied:
      return "denied";
    case Outcome::refused:
      return "refused";
    case Outcome::unknownName:
      return "unknown_name";
    case Outcome::unreachable:
      return "unreachable";
    case Outcome::timedOut:
      return "timed_out";
    case Outcome::broken:
      return "broken";
    case Outcome::used:
      return "used";
    case Outcome::full:
      return "full";
    case Outcome::closed:
      return "closed";
  }
  return "done";
}

class Proxy::Loop {
 public:
  explicit Loop(ProxyOptions options)
      : options_(std::move(options)),
        poll_(::epoll_create1(EPOLL_CLOEXEC)),
        names_(options_.lookup, [this] { wake_.call(); }) {
    if (!poll_) throw failure("epoll");
    epoll_event event{EPOLLIN, {.u64 = tagOf(Kind::wake, 0)}};
    if (::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, wake_.fd(), &event) != 0) throw failure("epoll");
    thread_ = std::thread([this] { run(); });
  }
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      added_.clear();
    }
    wake_.call();
    thread_.join();
  }

  // --- [any]
  // Gives the box's number.
  std::uint64_t add(std::unique_ptr<Box> box) {
    std::uint64_t id = 0;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) throw std::runtime_error("egress: the server stops");
      id = box->id = ++lastBox_;
      added_.push_back(std::move(box));
    }
    wake_.call();
    return id;
  }
  void remove(std::uint64_t id) noexcept {
    {
      const std::lock_guard lock(mutex_);
      removed_.push_back(id);
    }
    wake_.call();
  }

 private:
  // --- the thread
  void run();
  bool takeOrders();
  void listen(Clock::time_point now);
  int wait(Clock::time_point now) const;
  void on(const epoll_event& event);
  void accept(Box& box);
  void sweep(Clock::time_point now);

  void step(Connection& connection);
  bool readHead(Connection& connection);
  void begin(Connection& connection);
  void resolved(const NameLookups::Answer& answer);
  void connectNext(Connection& connection);
  void connected(Connection& connection);
  bool copy(Connection& connection);
  bool read(Connection& connection, Side& from, std::string& into, std::uint64_t most, std::uint64_t& counted);
  bool write(Connection& connection, Side& to);
  void refuse(Connection& connection, Outcome outcome, const Refusal& refusal);
  void finish(std::uint64_t id, Outcome outcome);
  void watch(Side& side, Kind kind, std::uint64_t id, std::uint32_t events);
  void watchBoth(Connection& connection);
  bool uses(Connection& connection, std::uint64_t bytes);

  const ProxyOptions options_;
  const Fd poll_;
  const sandbox::WakeUp wake_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Box>> added_;
  std::vector<std::uint64_t> removed_;
  std::uint64_t lastBox_ = 0;
  bool stopping_ = false;

  std::map<std::uint64_t, std::unique_ptr<Box>> boxes_;
  std::map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::uint64_t lastConnection_ = 0;
  Clock::time_point pausedUntil_{};
  Clock::time_point sweptAt_{};
  NameLookups names_;
  std::thread thread_;
};

void Proxy::Loop::run() {
  ::pthread_setname_np(::pthread_self(), "agent-egress");
  std::array<epoll_event, kMaxEvents> events;
  while (takeOrders()) {
    const auto now = Clock::now();
    listen(now);
    const int count = ::epoll_wait(poll_.get(), events.data(), static_cast<int>(events.size()), wait(now));
    for (int i = 0; i < count; ++i) on(events[static_cast<std::size_t>(i)]);
    for (const auto& answer : names_.take()) resolved(answer);
    sweep(Clock::now());
  }
  while (!connections_.empty()) finish(connections_.begin()->first, Outcome::closed);
  boxes_.clear();
}

// False at the end.
bool Proxy::Loop::takeOrders() {
  std::vector<std::uint64_t> removed;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    for (auto& box : added_) {
      const auto id = box->id;
      boxes_[id] = std::move(box);
    }
    added_.clear();
    removed.swap(removed_);
  }
  for (const auto id : removed) {
    std::vector<std::uint64_t> gone;
    for (const auto& [number, connection] : connections_) {
      if (connection->box->id == id) gone.push_back(number);
    }
    for (const auto number : gone) finish(number, Outcome::closed);
    boxes_.erase(id);  // its listener leaves the poll with its descriptor
  }
  return true;
}

// Who has as many connections as it may waits in the socket's queue.
void Proxy::Loop::listen(Clock::time_point now) {
  for (const auto& [id, box] : boxes_) {
    box->fill(now);
    const bool hasRoom = box->open < options_.connections && box->tokens >= 1 &&
                         connections_.size() < kMaxConnections && now >= pausedUntil_;
    if (hasRoom == box->listens) continue;
    epoll_event event{EPOLLIN, {.u64 = tagOf(Kind::listener, id)}};
    ::epoll_ctl(poll_.get(), hasRoom ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, box->listener.get(), &event);
    box->listens = hasRoom;
  }
}

int Proxy::Loop::wait(Clock::time_point now) const {
  if (now < pausedUntil_) return 100;
  const bool slow =
      std::any_of(boxes_.begin(), boxes_.end(), [](const auto& entry) { return entry.second->tokens < 1; });
  return slow ? 50 : 500;
}

void Proxy::Loop::on(const epoll_event& event) {
  const auto kind = static_cast<Kind>(event.data.u64 & 3);
  const auto id = event.data.u64 >> 2;
  if (kind == Kind::wake) {
    wake_.heard();
    return;
  }
  if (kind == Kind::listener) {
    if (const auto box = boxes_.find(id); box != boxes_.end()) accept(*box->second);
    return;
  }
  if (const auto entry = connections_.find(id); entry != connections_.end()) step(*entry->second);
}

void Proxy::Loop::accept(Box& box) {
  Fd client(::accept4(box.listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!client) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) pausedUntil_ = Clock::now() + kPause;
    return;
  }
  box.tokens -= 1;
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(client.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != box.user) return;
  const auto id = ++lastConnection_;
  auto& connection = *(connections_[id] = std::make_unique<Connection>());
  connection.id = id;
  connection.box = &box;
  connection.client.fd = std::move(client);
  connection.deadline = Clock::now() + options_.head;
  ++box.open;
  if (options_.open) options_.open(static_cast<std::int64_t>(connections_.size()));
  if (box.bytes >= options_.bytes)
    return refuse(connection, Outcome::used, {403, "this box has sent and received as much as it may"});
  watchBoth(connection);
}

void Proxy::Loop::sweep(Clock::time_point now) {
  if (now - sweptAt_ < 100ms) return;
  sweptAt_ = now;
  std::vector<std::uint64_t> late;
  for (const auto& [id, connection] : connections_) {
    if (now >= connection->deadline) late.push_back(id);
  }
  for (const auto id : late) {
    auto& connection = *connections_.at(id);
    switch (connection.state) {
      case Connection::State::lookup:
        refuse(connection, Outcome::unknownName,
               {504, "the name " + connection.request.target.host + " was not found in time"});
        break;
      case Connection::State::connecting:
        connectNext(connection);
        break;
      case Connection::State::leaving:
        finish(id, connection.outcome);
        break;
      default:
        finish(id, Outcome::timedOut);
    }
  }
}

// Goes on as far as it can. The connection may be gone afterwards.
void Proxy::Loop::step(Connection& connection) {
  switch (connection.state) {
    case Connection::State::head:
      if (!readHead(connection)) return;
      break;
    case Connection::State::lookup:
      return;
    case Connection::State::connecting:
      connected(connection);
      return;
    case Connection::State::copying:
      if (!copy(connection)) return;
      break;
    case Connection::State::leaving: {
      std::string ignored;
      std::uint64_t uncounted = 0;
      if (!write(connection, connection.client)) return;
      if (connection.client.out.empty() && !std::exchange(connection.client.shut, true))
        ::shutdown(connection.client.fd.get(), SHUT_WR);
      if (!read(connection, connection.client, ignored, kBuffer, uncounted)) return;
      if (connection.client.ended && connection.client.shut) return finish(connection.id, connection.outcome);
      break;
    }
  }
  watchBoth(connection);
}

// False when the connection has gone on to something else, or is gone.
bool Proxy::Loop::readHead(Connection& connection) {
  if (!read(connection, connection.client, connection.head, kMaxHead - connection.head.size(), connection.sent))
    return false;
  const auto size = headSize(connection.head);
  if (size == 0) {
    if (connection.head.size() >= kMaxHead) {
      refuse(connection, Outcome::malformed, {431, "the head of the request is longer than 16 KiB"});
      return false;
    }
    if (!connection.client.ended) return true;
    finish(connection.id, connection.head.empty() ? Outcome::done : Outcome::broken);
    return false;
  }
  auto result = egress::readHead(std::string_view(connection.head).substr(0, size));
  if (const auto* refusal = std::get_if<Refusal>(&result)) {
    refuse(connection, Outcome::malformed, *refusal);
    return false;
  }
  connection.request = std::get<RequestHead>(std::move(result));
  connection.target = connection.request.target.text();
  connection.head.erase(0, size);
  begin(connection);
  return false;
}

void Proxy::Loop::begin(Connection& connection) {
  const auto& target = connection.request.target;
  const bool listed = target.isAddress && options_.reach.lists(Address(target)) && !options_.hosts.denies(target);
  if (!listed && !options_.hosts.allows(target))
    return refuse(connection, Outcome::denied,
                  {403, connection.target + " is none of the hosts that this server lets boxes reach"});
  connection.state = Connection::State::lookup;
  connection.deadline = Clock::now() + options_.connect;
  if (target.isAddress) return resolved({connection.id, {Address(target)}});
  if (!names_.ask(connection.id, connection.box->id, target))
    return refuse(connection, Outcome::full, {503, "too many names are being looked up; try again"});
  watchBoth(connection);
}

void Proxy::Loop::resolved(const NameLookups::Answer& answer) {
  const auto entry = connections_.find(answer.id);
  if (entry == connections_.end() || entry->second->state != Connection::State::lookup) return;
  auto& connection = *entry->second;
  const auto& host = connection.request.target.host;
  if (answer.addresses.empty())
    return refuse(connection, Outcome::unknownName, {502, "the name " + host + " has no address"});
  for (const auto& address : answer.addresses) {
    if (options_.reach.may(address)) connection.addresses.push_back(address);
  }
  if (connection.addresses.empty())
    return refuse(connection, Outcome::refused, {403, "the address of " + host + " is none of the public internet"});
  connectNext(connection);
}

void Proxy::Loop::connectNext(Connection& connection) {
  connection.state = Connection::State::connecting;
  while (connection.tried < std::min(connection.addresses.size(), kMaxAddresses)) {
    const auto& address = connection.addresses[connection.tried++];
    connection.server = Side{};
    Fd server(::socket(address.get().sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!server) continue;
    const int on = 1;
    ::setsockopt(server.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(server.get(), &address.get(), address.size()) != 0 && errno != EINPROGRESS) continue;
    connection.server.fd = std::move(server);
    connection.deadline = Clock::now() + options_.connect;
    watchBoth(connection);
    return;
  }
  connection.server = Side{};
  refuse(connection, Outcome::unreachable, {502, connection.target + " does not answer"});
}

void Proxy::Loop::connected(Connection& connection) {
  int error = 0;
  socklen_t size = sizeof error;
  sockaddr_storage peer{};
  socklen_t peerSize = sizeof peer;
  if (::getsockopt(connection.server.fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)
    return connectNext(connection);
  if (::getpeername(connection.server.fd.get(), reinterpret_cast<sockaddr*>(&peer), &peerSize) != 0) return;  // not yet
  connection.state = Connection::State::copying;
  connection.deadline = Clock::now() + options_.idle;
  if (connection.request.tunnels) {
    connection.client.out = "HTTP/1.1 200 Connection established\r\n\r\n";
    connection.server.out = std::move(connection.head);
  } else {
    const auto body = std::min<std::uint64_t>(connection.head.size(), connection.request.bodyLength);
    connection.bodyLeft = connection.request.bodyLength - body;
    connection.server.out = std::move(connection.request.forwarded);
    connection.server.out.append(connection.head, 0, body);
  }
  connection.head.clear();
  if (copy(connection)) watchBoth(connection);
}

// False when the connection is gone.
bool Proxy::Loop::copy(Connection& connection) {
  auto& client = connection.client;
  auto& server = connection.server;
  const auto most = [&](const std::string& out) { return out.size() < kBuffer ? kBuffer - out.size() : 0; };
  const auto room =
      connection.request.tunnels ? most(server.out) : std::min<std::uint64_t>(most(server.out), connection.bodyLeft);
  const auto sent = connection.sent;
  if (!read(connection, client, server.out, room, connection.sent)) return false;
  if (!connection.request.tunnels) {
    connection.bodyLeft -= connection.sent - sent;
    if (client.ended && connection.bodyLeft > 0) {
      finish(connection.id, Outcome::broken);
      return false;
    }
  }
  if (!write(connection, server) || !read(connection, server, client.out, most(client.out), connection.received) ||
      !write(connection, client))
    return false;
  const auto pass = [](Side& from, Side& to) {
    if (!from.ended || !to.out.empty() || to.shut) return;
    ::shutdown(to.fd.get(), SHUT_WR);
    to.shut = true;
  };
  pass(server, client);
  if (connection.request.tunnels) pass(client, server);
  const bool over = connection.request.tunnels ? client.shut && server.shut : client.shut;
  if (!over) return true;
  finish(connection.id, Outcome::done);
  return false;
}

// False when the connection is gone.
bool Proxy::Loop::read(Connection& connection, Side& from, std::string& into, std::uint64_t most,
                       std::uint64_t& counted) {
  if (from.ended || most == 0) return true;
  std::array<char, kBuffer> piece;
  const auto size = ::recv(from.fd.get(), piece.data(), std::min<std::uint64_t>(most, piece.size()), 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (size < 0) {
    finish(connection.id, connection.state == Connection::State::leaving ? connection.outcome : Outcome::broken);
    return false;
  }
  if (size == 0) {
    from.ended = true;
    return true;
  }
  into.append(piece.data(), static_cast<std::size_t>(size));
  counted += static_cast<std::uint64_t>(size);
  if (connection.state == Connection::State::copying) connection.deadline = Clock::now() + options_.idle;
  return uses(connection, static_cast<std::uint64_t>(size));
}

// False when that ended the connection.
bool Proxy::Loop::uses(Connection& connection, std::uint64_t bytes) {
  connection.box->bytes += bytes;
  if (connection.box->bytes <= options_.bytes || connection.state == Connection::State::leaving) return true;
  finish(connection.id, Outcome::used);
  return false;
}

// False when the connection is gone.
bool Proxy::Loop::write(Connection& connection, Side& to) {
  while (!to.out.empty()) {
    const auto size = ::send(to.fd.get(), to.out.data(), to.out.size(), MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return true;
    if (size < 0) {
      finish(connection.id, connection.state == Connection::State::leaving ? connection.outcome : Outcome::broken);
      return false;
    }
    to.out.erase(0, static_cast<std::size_t>(size));
    if (connection.state == Connection::State::copying) connection.deadline = Clock::now() + options_.idle;
  }
  return true;
}

void Proxy::Loop::refuse(Connection& connection, Outcome outcome, const Refusal& refusal) {
  connection.state = Connection::State::leaving;
  connection.outcome = outcome;
  connection.server = Side{};
  connection.client.out = refusal.text();
  connection.head.clear();
  connection.deadline = Clock::now() + kLeave;
  step(connection);
}

void Proxy::Loop::finish(std::uint64_t id, Outcome outcome) {
  const auto entry = connections_.find(id);
  const auto connection = std::move(entry->second);
  connections_.erase(entry);
  --connection->box->open;
  if (connection->state == Connection::State::lookup) names_.forget(id);
  if (options_.open) options_.open(static_cast<std::int64_t>(connections_.size()));
  if (!options_.ended) return;
  options_.ended({connection->box->session, connection->target, connection->sent, connection->received, outcome,
                  std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - connection->begunAt)});
}

void Proxy::Loop::watch(Side& side, Kind kind, std::uint64_t id, std::uint32_t events) {
  if (!side.fd || side.watched == events) return;
  epoll_event event{events, {.u64 = tagOf(kind, id)}};
  // Without an event that is waited for it leaves: a hang-up would be told again and again.
  const int order = side.watched == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
  ::epoll_ctl(poll_.get(), order, side.fd.get(), &event);
  side.watched = events;
}

void Proxy::Loop::watchBoth(Connection& connection) {
  auto& client = connection.client;
  auto& server = connection.server;
  std::uint32_t ofClient = client.out.empty() ? 0U : static_cast<std::uint32_t>(EPOLLOUT);
  std::uint32_t ofServer = server.out.empty() ? 0U : static_cast<std::uint32_t>(EPOLLOUT);
  switch (connection.state) {
    case Connection::State::head:
    case Connection::State::leaving:
      if (!client.ended) ofClient |= EPOLLIN;
      break;
    case Connection::State::lookup:
      break;
    case Connection::State::connecting:
      ofServer = EPOLLOUT;
      break;
    case Connection::State::copying:
      if (!client.ended && server.out.size() < kBuffer && (connection.request.tunnels || connection.bodyLeft > 0))
        ofClient |= EPOLLIN;
      if (!server.ended && client.out.size() < kBuffer) ofServer |= EPOLLIN;
      break;
  }
  watch(client, Kind::client, connection.id, ofClient);
  watch(server, Kind::server, connection.id, ofServer);
}

struct Proxy::Way::Hold {
  std::weak_ptr<Loop> loop;
  std::uint64_t box = 0;
};

Proxy::Way::Way(std::unique_ptr<Hold> hold) : hold_(std::move(hold)) {}

Proxy::Way::~Way() {
  if (const auto loop = hold_->loop.lock()) loop->remove(hold_->box);
}

Proxy::Proxy(ProxyOptions options) : loop_(std::make_shared<Loop>(std::move(options))) {}

Proxy::~Proxy() { loop_->stop(); }

std::unique_ptr<Proxy::Way> Proxy::open(std::string session, int directory, std::uint32_t user) {
  auto box = std::make_unique<Box>();
  box->session = std::move(session);
  box->user = user;
  box->listener = listenIn(directory, user);
  auto hold = std::make_unique<Way::Hold>();
  hold->loop = loop_;
  hold->box = loop_->add(std::move(box));
  return std::unique_ptr<Way>(new Way(std::move(hold)));
}

}  // namespace agent::egress
