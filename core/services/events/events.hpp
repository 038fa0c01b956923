// Publish and subscribe inside the server and, through Redis, between servers. At most once, in order per subscriber;
// nothing is stored.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/services/service_error.hpp"

namespace mortise::services {

namespace redis {
class Pool;
}

struct Event {
  std::string topic;
  std::string payload;
  std::uint64_t lost =
      0;  // events of this subscription dropped just before this one, because its queue was full or Redis was away
  bool remote = false;  // published by another server
};

struct EventsOptions {
  std::size_t threads = 2;
  std::size_t queueLength = 1024;  // per subscription
  std::size_t maxPayload = 1u << 20;
  std::string channel = "mortise:events";  // Redis channel
};

class Events {
 public:
  using Handler = std::function<void(const Event&)>;

  // `pool`: bridge to other servers; nullptr = this process only.
  explicit Events(const EventsOptions& options = {}, std::shared_ptr<redis::Pool> pool = nullptr);
  ~Events();

  // `topic`: exact, or a prefix that ends in '*'. Never two calls of one handler at once. A handler that throws is
  // logged. [any thread]
  std::uint64_t subscribe(std::string_view topic, Handler handler);
  // On return the handler is not running and never will again (when called by the handler itself: never again after
  // this call).
  void unsubscribe(std::uint64_t id);
  // Queues for every local subscriber and, with a bridge, for the other servers; returns the number of local
  // subscribers. Never blocks on Redis: an event that can't be sent is dropped and counted. ServiceError{invalid} for
  // an empty topic, {full} for a payload that is too large. [any thread]
  std::size_t publish(std::string_view topic, std::string_view payload);
  // Throws the refusals of publish() without publishing. [any thread]
  void check(std::string_view topic, std::string_view payload) const;
  bool bridged() const;  // true while the connection to Redis is open
  void stop();           // delivers nothing more; idempotent

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace mortise::services
