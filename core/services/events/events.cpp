#include "core/services/events/events.hpp"

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/identifiers.hpp"
#include "core/base/text.hpp"
#include "core/base/worker_pool.hpp"
#include "core/ops/log.hpp"
#include "core/services/redis/redis.hpp"

namespace mortise::services {
namespace {

using std::chrono::milliseconds;

struct Subscription {
  std::string topic;
  bool prefix = false;
  Events::Handler handler;
  std::mutex mutex;
  std::condition_variable quiet;
  std::deque<Event> queue;
  std::uint64_t lost = 0;
  bool scheduled = false;  // a drain is queued or runs
  bool closed = false;
  std::thread::id runner;  // of the handler's call, else none

  bool wants(std::string_view name) const { return prefix ? name.starts_with(topic) : name == topic; }
};
using SubscriptionPtr = std::shared_ptr<Subscription>;

}  // namespace

struct Events::Implementation {
  EventsOptions options;
  std::shared_ptr<redis::Pool> pool;
  const std::string origin = text::hex(randomBytes(8));
  std::shared_mutex mutex;
  std::map<std::uint64_t, SubscriptionPtr> subscriptions;
  std::uint64_t nextId = 1;
  std::atomic<bool> stopping{false};
  std::atomic<bool> bridged{false};

  std::mutex outgoingMutex;
  std::condition_variable outgoingWake;
  std::deque<std::string> outgoing;
  std::uint64_t outgoingLost = 0;

  std::thread sender, receiver;
  WorkerPool workers;  // last: its threads use the other members

  Implementation(const EventsOptions& chosen, std::shared_ptr<redis::Pool> redisPool)
      : options(chosen),
        pool(std::move(redisPool)),
        workers("events", chosen.threads, 1u << 20, [](std::exception_ptr) { log::error("an event worker failed"); }) {
    if (!pool) return;
    sender = std::thread([this] { send(); });
    receiver = std::thread([this] { receive(); });
  }

  std::size_t deliver(const Event& event) {
    std::vector<SubscriptionPtr> reached;
    {
      std::shared_lock lock(mutex);
      for (const auto& [id, subscription] : subscriptions) {
        if (subscription->wants(event.topic)) reached.push_back(subscription);
      }
    }
    for (const SubscriptionPtr& subscription : reached) {
      std::lock_guard lock(subscription->mutex);
      if (subscription->closed) continue;
      if (subscription->queue.size() >= options.queueLength) {
        ++subscription->lost;
        continue;
      }
      subscription->queue.push_back(event);
      subscription->queue.back().lost = std::exchange(subscription->lost, 0);
      if (!subscription->scheduled) schedule(subscription);
    }
    return reached.size();
  }

  // Call with the subscription's lock held.
  void schedule(const SubscriptionPtr& subscription) {
    subscription->scheduled = workers.post([this, subscription] { drain(subscription); });
  }

  void drain(const SubscriptionPtr& subscription) {
    constexpr int kAtOnce = 64;  // then other subscriptions get their turn
    std::unique_lock lock(subscription->mutex);
    for (int i = 0; i < kAtOnce; ++i) {
      if (subscription->closed || stopping || subscription->queue.empty()) break;
      const Event event = std::move(subscription->queue.front());
      subscription->queue.pop_front();
      subscription->runner = std::this_thread::get_id();
      lock.unlock();
      try {
        subscription->handler(event);
      } catch (const std::exception& error) {
        log::error("an event handler failed", {{"topic", event.topic}, {"reason", error.what()}});
      } catch (...) {
        log::error("an event handler threw something that is no exception", {{"topic", event.topic}});
      }
      lock.lock();
      subscription->runner = {};
      subscription->quiet.notify_all();
    }
    if (subscription->closed || stopping || subscription->queue.empty()) {
      subscription->scheduled = false;
      return;
    }
    schedule(subscription);
  }

  void markGap() {
    std::shared_lock lock(mutex);
    for (const auto& [id, subscription] : subscriptions) {
      std::lock_guard subscriptionLock(subscription->mutex);
      ++subscription->lost;
    }
  }

  void send() {
    ::pthread_setname_np(::pthread_self(), "events-out");
    std::unique_lock lock(outgoingMutex);
    while (!stopping) {
      if (outgoing.empty()) {
        outgoingWake.wait(lock);
        continue;
      }
      const std::string message = std::move(outgoing.front());
      outgoing.pop_front();
      lock.unlock();
      try {
        pool->command({"PUBLISH", options.channel, message});
        lock.lock();
        if (outgoingLost > 0) {
          log::warning("events did not reach other servers", {{"count", outgoingLost}});
          outgoingLost = 0;
        }
      } catch (const std::exception&) {
        lock.lock();
        ++outgoingLost;
        outgoingWake.wait_for(lock, milliseconds(200), [&] { return stopping.load(); });
      }
    }
  }

  void receive() {
    ::pthread_setname_np(::pthread_self(), "events-in");
    bool first = true;
    bool complained = false;
    while (!stopping) {
      try {
        const auto moves = pool->moves();
        redis::Connection connection(pool->address(), pool->options());
        connection.command({"SUBSCRIBE", options.channel});
        if (!first) markGap();
        first = false;
        if (complained) log::info("events from other servers arrive again", {{"redis", pool->address().shown()}});
        complained = false;
        bridged = true;
        listen(connection, moves);
      } catch (const std::exception& error) {
        if (!complained) log::warning("events from other servers do not arrive", {{"reason", error.what()}});
        complained = true;
      }
      bridged = false;
      std::unique_lock lock(outgoingMutex);
      outgoingWake.wait_for(lock, milliseconds(300), [&] { return stopping.load(); });
    }
  }

  void listen(redis::Connection& connection, std::uint64_t moves) {
    int silent = 0;
    while (!stopping) {
      if (pool->moves() != moves) throw ServiceError(ErrorKind::unavailable, "redis is another server by now");
      const redis::Reply reply = connection.receive(milliseconds(250));
      if (reply.type == redis::Reply::Type::nil) {
        // A connection that only listens does not notice a lost server; one that expects an answer does.
        if (++silent == 40) connection.send({"PING"});
        if (silent > 48) throw ServiceError(ErrorKind::timeout, "redis does not answer a subscriber");
        continue;
      }
      silent = 0;
      if (reply.items.size() != 3 || reply.items[0].text != "message") continue;
      const std::string_view message = reply.items[2].text;
      const auto topicAt = message.find('\n');
      const auto payloadAt = topicAt == std::string_view::npos ? topicAt : message.find('\n', topicAt + 1);
      if (payloadAt == std::string_view::npos || message.substr(0, topicAt) == origin) continue;
      Event event;
      event.topic = message.substr(topicAt + 1, payloadAt - topicAt - 1);
      event.payload = message.substr(payloadAt + 1);
      event.remote = true;
      deliver(event);
    }
  }
};

Events::Events(const EventsOptions& options, std::shared_ptr<redis::Pool> pool)
    : implementation_(std::make_unique<Implementation>(options, std::move(pool))) {}

Events::~Events() { stop(); }

std::uint64_t Events::subscribe(std::string_view topic, Handler handler) {
  if (topic.empty()) throw ServiceError(ErrorKind::invalid, "events: the topic is empty");
  auto subscription = std::make_shared<Subscription>();
  subscription->prefix = topic.ends_with('*');
  subscription->topic = subscription->prefix ? topic.substr(0, topic.size() - 1) : topic;
  subscription->handler = std::move(handler);
  std::unique_lock lock(implementation_->mutex);
  const std::uint64_t id = implementation_->nextId++;
  implementation_->subscriptions.emplace(id, std::move(subscription));
  return id;
}

void Events::unsubscribe(std::uint64_t id) {
  SubscriptionPtr gone;
  {
    std::unique_lock lock(implementation_->mutex);
    const auto entry = implementation_->subscriptions.find(id);
    if (entry == implementation_->subscriptions.end()) return;
    gone = std::move(entry->second);
    implementation_->subscriptions.erase(entry);
  }
  std::unique_lock lock(gone->mutex);
  gone->closed = true;
  gone->queue.clear();
  if (gone->runner == std::this_thread::get_id()) return;
  gone->quiet.wait(lock, [&] { return gone->runner == std::thread::id{}; });
}

void Events::check(std::string_view topic, std::string_view payload) const {
  if (topic.empty() || topic.size() > 256 || topic.find('\n') != std::string_view::npos || topic.back() == '*') {
    throw ServiceError(ErrorKind::invalid, "events: a topic has 1 to 256 bytes, no line break and no * at its end");
  }
  if (payload.size() > implementation_->options.maxPayload) {
    throw ServiceError(ErrorKind::full, "events: a payload of " + std::to_string(payload.size()) +
                                            " bytes is larger than the " +
                                            std::to_string(implementation_->options.maxPayload) + " allowed");
  }
}

std::size_t Events::publish(std::string_view topic, std::string_view payload) {
  check(topic, payload);
  if (implementation_->stopping) return 0;
  Event event;
  event.topic = topic;
  event.payload = payload;
  const std::size_t reached = implementation_->deliver(event);
  if (implementation_->pool) {
    std::lock_guard lock(implementation_->outgoingMutex);
    if (implementation_->outgoing.size() >= implementation_->options.queueLength) {
      ++implementation_->outgoingLost;
    } else {
      implementation_->outgoing.push_back(implementation_->origin + "\n" + event.topic + "\n" + event.payload);
      implementation_->outgoingWake.notify_all();
    }
  }
  return reached;
}

bool Events::bridged() const { return implementation_->bridged; }

void Events::stop() {
  {
    std::lock_guard lock(implementation_->outgoingMutex);
    implementation_->stopping = true;
  }
  implementation_->outgoingWake.notify_all();
  if (implementation_->sender.joinable()) implementation_->sender.join();
  if (implementation_->receiver.joinable()) implementation_->receiver.join();
  implementation_->workers.stop();
}

}  // namespace mortise::services
