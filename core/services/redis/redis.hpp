// A small pool of Redis connections, shared by cache, limits and events. Blocking: never on an I/O thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/services/service_error.hpp"

struct redisContext;

namespace mortise::services::redis {

struct Address {
  std::string host, unixPath, user, password;
  int port = 6379;
  int database = 0;
  std::string shown() const;  // for logs: without the password
};

// redis://[user:password@]host[:port][/db]   redis+unix://[user:password@]/path/to.sock[?db=N]
// Throws ServiceError{invalid} that says what is wrong.
Address parseAddress(std::string_view url);

struct Options {
  std::size_t connections = 8;
  // Together under two seconds, the longest that a caller may wait for the news that Redis is unreachable.
  std::chrono::milliseconds connectTimeout{500};
  std::chrono::milliseconds commandTimeout{1000};
  std::chrono::milliseconds leaseTimeout{400};  // until a connection of the pool is free
  std::chrono::milliseconds pause{500};         // after a failure: calls fail at once, then one probes
};

struct Reply {
  enum class Type : std::uint8_t { nil, integer, text, status, array, error };
  Type type = Type::nil;
  std::int64_t integer = 0;
  std::string text;
  std::vector<Reply> items;
};

// A Lua script and its SHA-1, computed once.
class Script {
 public:
  explicit Script(std::string text);
  const std::string& text() const { return text_; }
  const std::string& digest() const { return digest_; }

 private:
  std::string text_, digest_;
};

using Arguments = std::vector<std::string_view>;

// Thread-safe. A connection that timed out or failed is discarded, since its late answer would be read as the next
// one's. An answer that means "wrong server" (READONLY after a switch, and the like) discards all of them. Connects
// lazily: the pool can be created while Redis is down. While Redis is unreachable calls fail at once, except one probe
// every `pause`.
class Pool {
 public:
  Pool(Address address, Options options = {});
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Throws ServiceError{unavailable | timeout} when there is no answer, {full} for OOM, {unavailable} for LOADING,
  // READONLY and the like, {invalid} for every other error reply.
  Reply command(const Arguments& arguments);
  Reply eval(const Script& script, const Arguments& keys,
             const Arguments& arguments);  // EVALSHA, loads the script when needed
  const Address& address() const;
  const Options& options() const;
  // How often the server turned out to be the wrong one. Connections of one's own that are older should be made anew.
  std::uint64_t moves() const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

// A dedicated connection (subscriptions). Not thread-safe except for shutdown().
class Connection {
 public:
  // Throws as Pool::command does, and ServiceError{unavailable} when the server is a replica or a sentinel.
  Connection(const Address& address, const Options& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  Reply command(const Arguments& arguments);
  void send(const Arguments& arguments);  // without reading the answer
  // The next pushed message, or a nil reply when none came within `wait`. Throws when the connection is lost.
  Reply receive(std::chrono::milliseconds wait);
  bool usable() const;

 private:
  redisContext* context_ = nullptr;
};

}  // namespace mortise::services::redis
