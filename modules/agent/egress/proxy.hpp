// The way out of boxes: an HTTP proxy on a socket per box. It resolves names itself and connects to the very address
// that it checked; a box has no other network.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "egress/host_rules.hpp"
#include "egress/name_lookups.hpp"
#include "egress/reach.hpp"

namespace agent::egress {

inline constexpr const char* kSocketName = "proxy";  // in the directory that a box sees

// How a connection ended.
enum class Outcome {
  done,
  malformed,    // no request that can be served
  denied,       // by the operator's lists
  refused,      // its address may not be reached
  unknownName,  // no address
  unreachable,  // nobody answered at the address
  timedOut,     // nothing was said for too long
  broken,       // one of the two sides ended in the middle
  used,         // the box has moved as many bytes as it may
  full,         // too many names are being looked up
  closed,       // with its box, or with the server
};
std::string_view nameOf(Outcome outcome);
inline constexpr Outcome kOutcomes[] = {Outcome::done,        Outcome::malformed,   Outcome::denied,   Outcome::refused,
                                        Outcome::unknownName, Outcome::unreachable, Outcome::timedOut, Outcome::broken,
                                        Outcome::used,        Outcome::full,        Outcome::closed};

struct Ended {
  std::string session;
  std::string target;          // "example.com:443"; empty when none was told
  std::uint64_t sent = 0;      // bytes from the box
  std::uint64_t received = 0;  // bytes to it
  Outcome outcome = Outcome::done;
  std::chrono::milliseconds lasted{};
};

struct ProxyOptions {
  HostRules hosts{};
  Reach reach{};
  std::uint64_t bytes = 1ULL << 30;          // of one box, both ways
  std::size_t connections = 64;              // of one box at once; others wait
  std::chrono::milliseconds head{10000};     // for the head of a request
  std::chrono::milliseconds connect{10000};  // for the look-up, and for each address
  std::chrono::milliseconds idle{300000};    // without a byte
  Lookup lookup = systemLookup;
  // Called by the proxy's thread; they may not throw or block.
  std::function<void(const Ended&)> ended{};
  std::function<void(std::int64_t)> open{};  // connections, after each change
};

class Proxy {
 public:
  // Throws std::runtime_error.
  explicit Proxy(ProxyOptions options);
  // Ends all connections. What open() gave may outlive it.
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  // The way out of one box, until its end.
  class Way {
   public:
    ~Way();
    Way(const Way&) = delete;
    Way& operator=(const Way&) = delete;

   private:
    friend class Proxy;
    struct Hold;
    explicit Way(std::unique_ptr<Hold> hold);
    std::unique_ptr<Hold> hold_;
  };

  // Listens at kSocketName in `directory`, an open directory that only this server can change; nothing of that name may
  // be there. Only `user` may connect. `session`: for the log. Throws std::runtime_error. [any]
  std::unique_ptr<Way> open(std::string session, int directory, std::uint32_t user);

 private:
  class Loop;
  std::shared_ptr<Loop> loop_;
};

}  // namespace agent::egress
