#include "core/services/redis/redis.hpp"

#include <hiredis/hiredis.h>
#include <openssl/evp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <mutex>
#include <utility>

#include "core/base/text.hpp"
#include "core/ops/log.hpp"
#include "core/services/breaker.hpp"

namespace mortise::services::redis {
namespace {

using std::chrono::milliseconds;

[[noreturn]] void refuseUrl(const std::string& why) {
  throw ServiceError(ErrorKind::invalid, "redis address: " + why +
                                             "; write redis://[user:password@]host[:port][/db] or "
                                             "redis+unix://[user:password@]/path/to.sock[?db=N]");
}

int number(std::string_view text, int minimum, int maximum, const char* name) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < minimum || value > maximum) {
    refuseUrl(std::string(name) + " " + std::string(text) + " is not a number from " + std::to_string(minimum) +
              " to " + std::to_string(maximum));
  }
  return value;
}

std::string decoded(std::string_view raw) {
  auto plain = text::percentDecode(raw);
  if (!plain) refuseUrl("bad percent-encoding");
  return *plain;
}

timeval toTimeval(milliseconds time) {
  timeval value{};
  value.tv_sec = static_cast<time_t>(time.count() / 1000);
  value.tv_usec = static_cast<suseconds_t>(time.count() % 1000 * 1000);
  return value;
}

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using RawReply = std::unique_ptr<redisReply, FreeReply>;

Reply converted(const redisReply& raw) {
  Reply reply;
  switch (raw.type) {
    case REDIS_REPLY_INTEGER:
      reply.type = Reply::Type::integer;
      reply.integer = raw.integer;
      break;
    case REDIS_REPLY_NIL:
      break;
    case REDIS_REPLY_STATUS:
      reply.type = Reply::Type::status;
      reply.text.assign(raw.str, raw.len);
      break;
    case REDIS_REPLY_ERROR:
      reply.type = Reply::Type::error;
      reply.text.assign(raw.str, raw.len);
      break;
    case REDIS_REPLY_ARRAY:
      reply.type = Reply::Type::array;
      for (std::size_t i = 0; i < raw.elements; ++i) reply.items.push_back(converted(*raw.element[i]));
      break;
    default:
      reply.type = Reply::Type::text;
      reply.text.assign(raw.str, raw.len);
  }
  return reply;
}

// "READONLY" of "READONLY You can't write ...". Before version 7 a script's error has it behind the place in the script:
// "ERR Error running script (call to f_...): @user_script:1: -READONLY You can't write ...".
std::string_view codeOf(std::string_view text) {
  if (const auto inner = text.find(": -"); text.starts_with("ERR ") && inner != std::string_view::npos)
    text.remove_prefix(inner + 3);
  return text.substr(0, text.find(' '));
}

template <std::size_t N>
bool isOneOf(std::string_view code, const std::string_view (&codes)[N]) {
  return std::find(std::begin(codes), std::end(codes), code) != std::end(codes);
}

// It answers, but is not the server to work with: a replica after a switch, one that has no data yet, one that wants
// another login, one that is full of clients.
bool meansWrongServer(const Reply& reply) {
  static constexpr std::string_view kCodes[] = {"READONLY",    "LOADING", "MASTERDOWN",
                                                "CLUSTERDOWN", "NOAUTH",  "WRONGPASS"};
  return reply.type == Reply::Type::error &&
         (isOneOf(codeOf(reply.text), kCodes) || reply.text.starts_with("ERR max number of clients"));
}

[[noreturn]] void throwErrorReply(const Reply& reply, const Address& address) {
  static constexpr std::string_view kAway[] = {"BUSY", "TRYAGAIN", "NOPERM", "MISCONF", "NOREPLICAS"};
  static constexpr std::string_view kElsewhere[] = {"MOVED", "ASK"};
  const auto code = codeOf(reply.text);
  const auto text = "redis at " + address.shown() + ": " + reply.text;
  if (code == "OOM") throw ServiceError(ErrorKind::full, "redis at " + address.shown() + " is full: " + reply.text);
  if (meansWrongServer(reply) || isOneOf(code, kAway)) throw ServiceError(ErrorKind::unavailable, text, 1);
  if (isOneOf(code, kElsewhere)) {
    throw ServiceError(ErrorKind::unavailable,
                       text + "; cache.url must lead to a server that has all keys, not to one node of several", 1);
  }
  throw ServiceError(ErrorKind::invalid, text);
}

// Empty: a server to work with. HELLO tells it since version 6; who does not know HELLO, or may not ask, is believed.
std::string faultOf(const Reply& hello) {
  for (std::size_t i = 0; i + 1 < hello.items.size(); i += 2) {
    const auto& name = hello.items[i].text;
    const auto& value = hello.items[i + 1].text;
    if (name == "role" && value != "master") return "is a " + value + ", which takes no writes";
    if (name == "mode" && value == "sentinel") return "is a sentinel, which keeps no data; name the server itself";
  }
  return {};
}

[[noreturn]] void throwBroken(const redisContext& context, const Address& address) {
  const bool late = context.err == REDIS_ERR_IO && (errno == EAGAIN || errno == ETIMEDOUT || errno == EINPROGRESS);
  if (late) throw ServiceError(ErrorKind::timeout, "redis at " + address.shown() + " does not answer", 1);
  throw ServiceError(ErrorKind::unavailable, "redis at " + address.shown() + ": " + context.errstr, 1);
}

// hiredis calls send() without MSG_NOSIGNAL: a closed peer would end the process.
void ignoreBrokenPipes() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction now {};
    if (::sigaction(SIGPIPE, nullptr, &now) == 0 && now.sa_handler == SIG_DFL) ::signal(SIGPIPE, SIG_IGN);
  });
}

}  // namespace

std::string Address::shown() const {
  if (!unixPath.empty()) return unixPath;
  return host + ":" + std::to_string(port) + (database != 0 ? "/" + std::to_string(database) : std::string{});
}

Address parseAddress(std::string_view url) {
  Address address;
  const bool overUnix = url.starts_with("redis+unix://");
  if (overUnix) {
    url.remove_prefix(13);
  } else if (url.starts_with("redis://")) {
    url.remove_prefix(8);
  } else {
    refuseUrl("the scheme is neither redis nor redis+unix");
  }
  if (const auto at = url.find('@'); at != std::string_view::npos) {
    const auto login = url.substr(0, at);
    url.remove_prefix(at + 1);
    const auto colon = login.find(':');
    if (colon == std::string_view::npos) refuseUrl("write user:password@ or :password@");
    address.user = decoded(login.substr(0, colon));
    address.password = decoded(login.substr(colon + 1));
    if (address.password.empty()) refuseUrl("the password is empty");
  }
  if (overUnix) {
    if (const auto query = url.find('?'); query != std::string_view::npos) {
      const auto rest = url.substr(query + 1);
      if (!rest.starts_with("db=")) refuseUrl("unknown parameter " + std::string(rest.substr(0, rest.find('='))));
      address.database = number(rest.substr(3), 0, 1'000'000, "db");
      url = url.substr(0, query);
    }
    address.unixPath = decoded(url);
    if (!address.unixPath.starts_with('/')) refuseUrl("the socket path is not absolute");
    return address;
  }
  if (const auto slash = url.find('/'); slash != std::string_view::npos) {
    if (slash + 1 < url.size()) address.database = number(url.substr(slash + 1), 0, 1'000'000, "db");
    url = url.substr(0, slash);
  }
  if (url.starts_with('[')) {
    const auto end = url.find(']');
    if (end == std::string_view::npos) refuseUrl("] is missing");
    address.host = url.substr(1, end - 1);
    url.remove_prefix(end + 1);
    if (!url.empty() && url.front() != ':') refuseUrl("unexpected text after ]");
  } else {
    address.host = url.substr(0, url.find(':'));
    url.remove_prefix(address.host.size());
  }
  if (!url.empty()) address.port = number(url.substr(1), 1, 65535, "port");
  if (address.host.empty()) refuseUrl("the host is missing");
  return address;
}

Script::Script(std::string text) : text_(std::move(text)) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_Digest(text_.data(), text_.size(), bytes, &size, EVP_sha1(), nullptr) != 1) {
    throw std::runtime_error("openssl offers no sha1");
  }
  digest_ = text::hex({reinterpret_cast<const char*>(bytes), size});
}

Connection::Connection(const Address& address, const Options& options) {
  ignoreBrokenPipes();
  const timeval connect = toTimeval(options.connectTimeout);
  context_ = address.unixPath.empty() ? redisConnectWithTimeout(address.host.c_str(), address.port, connect)
                                      : redisConnectUnixWithTimeout(address.unixPath.c_str(), connect);
  if (!context_) throw std::bad_alloc();
  try {
    if (context_->err) throwBroken(*context_, address);
    redisSetTimeout(context_, toTimeval(options.commandTimeout));
    const auto must = [&](const Arguments& arguments) {
      const Reply reply = command(arguments);
      if (context_->err) throwBroken(*context_, address);
      if (reply.type == Reply::Type::error) {
        throw ServiceError(ErrorKind::unavailable, "redis at " + address.shown() + ": " + reply.text, 1);
      }
    };
    if (!address.password.empty()) {
      if (address.user.empty()) {
        must({"AUTH", address.password});
      } else {
        must({"AUTH", address.user, address.password});
      }
    }
    if (address.database != 0) must({"SELECT", std::to_string(address.database)});
    if (const auto fault = faultOf(command({"HELLO", "2"})); !fault.empty())
      throw ServiceError(ErrorKind::unavailable, "redis at " + address.shown() + " " + fault, 1);
  } catch (...) {
    redisFree(context_);
    throw;
  }
}

Connection::~Connection() { redisFree(context_); }

bool Connection::usable() const {
  if (context_->err) return false;
  // Readable bytes on an idle connection are its end, or an answer after a timeout: discard it.
  pollfd waiting{context_->fd, POLLIN, 0};
  return ::poll(&waiting, 1, 0) == 0;
}

Reply Connection::command(const Arguments& arguments) {
  send(arguments);
  void* raw = nullptr;
  errno = 0;
  if (redisGetReply(context_, &raw) != REDIS_OK) {
    const bool late = context_->err == REDIS_ERR_IO && errno == EAGAIN;
    throw ServiceError(late ? ErrorKind::timeout : ErrorKind::unavailable,
                       late ? "redis does not answer" : std::string("redis: ") + context_->errstr, 1);
  }
  return converted(*RawReply(static_cast<redisReply*>(raw)));
}

void Connection::send(const Arguments& arguments) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const auto argument : arguments) {
    texts.push_back(argument.data());
    sizes.push_back(argument.size());
  }
  if (redisAppendCommandArgv(context_, static_cast<int>(texts.size()), texts.data(), sizes.data()) != REDIS_OK) {
    throw ServiceError(ErrorKind::unavailable, std::string("redis: ") + context_->errstr, 1);
  }
  int done = 0;
  while (!done) {
    if (redisBufferWrite(context_, &done) != REDIS_OK) {
      throw ServiceError(ErrorKind::unavailable, std::string("redis: ") + context_->errstr, 1);
    }
  }
}

Reply Connection::receive(milliseconds wait) {
  const auto deadline = std::chrono::steady_clock::now() + wait;
  while (true) {
    void* raw = nullptr;
    if (redisGetReplyFromReader(context_, &raw) != REDIS_OK) {
      throw ServiceError(ErrorKind::unavailable, std::string("redis: ") + context_->errstr, 1);
    }
    if (raw) return converted(*RawReply(static_cast<redisReply*>(raw)));
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() < 0) return {};
    pollfd waiting{context_->fd, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(left.count()));
    if (ready == 0) return {};
    if (ready < 0) {
      if (errno == EINTR) continue;
      throw ServiceError(ErrorKind::unavailable, std::string("redis: poll: ") + std::strerror(errno), 1);
    }
    if (redisBufferRead(context_) != REDIS_OK) {
      throw ServiceError(ErrorKind::unavailable, std::string("redis: ") + context_->errstr, 1);
    }
  }
}

struct Pool::Implementation {
  Implementation(Address where, Options how) : address(std::move(where)), options(how), breaker(how.pause) {}

  const Address address;
  const Options options;
  Breaker breaker;
  std::mutex mutex;
  std::condition_variable freed;
  std::vector<std::unique_ptr<Connection>> idle;  // none is older than the last move
  std::size_t inUse = 0;
  std::atomic<std::uint64_t> moves{0};

  // Counts one slot as used while it exists; returns only connections that are in step with the server.
  class Lease {
   public:
    explicit Lease(Implementation& pool) : pool_(pool) {
      std::unique_lock lock(pool_.mutex);
      const auto ready = [&] {
        return pool_.inUse < std::max<std::size_t>(pool_.options.connections, 1) || pool_.breaker.open();
      };
      const bool waited = !ready();
      if (waited && !pool_.freed.wait_for(lock, pool_.options.leaseTimeout, ready)) {
        throw ServiceError(ErrorKind::unavailable,
                           "all " + std::to_string(pool_.options.connections) + " connections to redis at " +
                               pool_.address.shown() + " are busy",
                           1);
      }
      if (waited && pool_.breaker.open()) pool_.refuse();
      ++pool_.inUse;
      while (!pool_.idle.empty()) {
        connection_ = std::move(pool_.idle.back());
        pool_.idle.pop_back();
        if (connection_->usable()) break;
        connection_.reset();
      }
      moves_ = pool_.moves;
      lock.unlock();
      if (connection_) return;
      try {
        connection_ = std::make_unique<Connection>(pool_.address, pool_.options);
      } catch (const ServiceError& error) {
        release();
        pool_.failed(error);
        throw;
      } catch (...) {
        release();
        throw;
      }
    }
    ~Lease() { release(); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Connection& connection() { return *connection_; }
    void drop() { connection_.reset(); }

   private:
    void release() {
      std::unique_ptr<Connection> gone;
      {
        std::lock_guard lock(pool_.mutex);
        --pool_.inUse;
        // One that was in use while the server turned out wrong leads there still.
        if (moves_ != pool_.moves) gone = std::move(connection_);
        if (connection_) pool_.idle.push_back(std::move(connection_));
      }
      pool_.freed.notify_one();
    }
    Implementation& pool_;
    std::unique_ptr<Connection> connection_;
    std::uint64_t moves_ = 0;  // the pool's, when the connection was taken or made
  };

  [[noreturn]] void refuse() const {
    throw ServiceError(ErrorKind::unavailable, "redis at " + address.shown() + " is away", 1);
  }

  void failed(const ServiceError& error) {
    if (breaker.failed())
      log::warning("redis is away; calls fail at once until it answers", {{"reason", error.what()}});
    freed.notify_all();  // wakes the waiters, which then fail at once
  }

  // The other connections most likely lead to the same server.
  void leaveServer() {
    std::vector<std::unique_ptr<Connection>> gone;
    const std::lock_guard lock(mutex);
    ++moves;
    gone.swap(idle);
  }

  Reply raw(const Arguments& arguments) {
    if (!breaker.admits()) refuse();
    Lease lease(*this);
    try {
      Reply reply = lease.connection().command(arguments);
      if (meansWrongServer(reply)) {
        lease.drop();
        leaveServer();
        failed(ServiceError(ErrorKind::unavailable, "redis at " + address.shown() + ": " + reply.text));
        return reply;
      }
      if (breaker.succeeded()) log::info("redis answers again", {{"address", address.shown()}});
      return reply;
    } catch (const ServiceError& error) {
      lease.drop();
      failed(error);
      throw ServiceError(error.kind(), std::string(error.what()) + " (" + address.shown() + ")", error.retryAfter());
    } catch (...) {
      lease.drop();
      throw;
    }
  }
};

Pool::Pool(Address address, Options options)
    : implementation_(std::make_unique<Implementation>(std::move(address), options)) {}
Pool::~Pool() = default;

Reply Pool::command(const Arguments& arguments) {
  Reply reply = implementation_->raw(arguments);
  if (reply.type == Reply::Type::error) throwErrorReply(reply, implementation_->address);
  return reply;
}

Reply Pool::eval(const Script& script, const Arguments& keys, const Arguments& arguments) {
  const std::string count = std::to_string(keys.size());
  Arguments all{"EVALSHA", script.digest(), count};
  all.insert(all.end(), keys.begin(), keys.end());
  all.insert(all.end(), arguments.begin(), arguments.end());
  Reply reply = implementation_->raw(all);
  if (reply.type == Reply::Type::error && reply.text.starts_with("NOSCRIPT")) {
    all[0] = "EVAL";
    all[1] = script.text();
    reply = implementation_->raw(all);
  }
  if (reply.type == Reply::Type::error) throwErrorReply(reply, implementation_->address);
  return reply;
}

std::uint64_t Pool::moves() const { return implementation_->moves; }
const Address& Pool::address() const { return implementation_->address; }
const Options& Pool::options() const { return implementation_->options; }

}  // namespace mortise::services::redis
