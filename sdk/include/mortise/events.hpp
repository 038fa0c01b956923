// Publish and subscribe between modules and servers: events/1.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "mortise/abi/events.h"
#include "mortise/callback_failure.hpp"
#include "mortise/host.hpp"
#include "mortise/problem.hpp"
#include "mortise/text.hpp"

namespace mortise::inline sdk1 {

// One event, good for its callback only.
struct Event {
  Text topic;
  Text payload;            // as published; JSON by custom
  bool remote = false;     // published on another server
  std::uint64_t lost = 0;  // events of this subscription that were dropped just before this one
};

// Ends the subscription when destroyed; waits for a callback that is running. Move-only. Destroy it in stop() at the
// latest.
class Subscription {
 public:
  using Callback = std::function<void(const Event& event)>;

  Subscription() noexcept = default;
  Subscription(Subscription&&) noexcept = default;
  Subscription& operator=(Subscription&& other) noexcept {
    end();
    registration_ = std::move(other.registration_);
    return *this;
  }
  ~Subscription() { end(); }
  void end() noexcept {
    if (registration_ != nullptr && registration_->subscription != nullptr)
      registration_->table->unsubscribe(registration_->host, registration_->subscription);
    registration_.reset();
  }

 private:
  friend class Events;
  struct Registration {
    mortise_host* host = nullptr;
    const mortise_events_v1* table = nullptr;
    Callback callback{};
    mortise_subscription* subscription = nullptr;
  };
  std::unique_ptr<Registration> registration_;
};

// At most once, in order per subscription; nothing is stored. Topics are dotted words and begin with the name of the
// module that publishes: "ticker.tick". Failures throw Problem: 422 (topic), 507 (payload over 1 MiB).
class Events {
 public:
  using Table = mortise_events_v1;
  static constexpr const char* kInterface = MORTISE_EVENTS_V1;
  Events(mortise_host* host, const Table* table) noexcept : host_(host), table_(table) {}

  // Queues for every subscriber and returns. [any]
  void publish(std::string_view topic, std::string_view payload) const {
    auto error = detail::noError();
    check(table_->publish(host_, detail::str(topic), detail::str(payload), &error), error);
  }
  // `topic`: exact, or a prefix that ends in '*'. The callback runs in [worker], never twice at once. [any]
  [[nodiscard]] Subscription subscribe(std::string_view topic, Subscription::Callback callback) const {
    Subscription subscription;
    subscription.registration_ = std::make_unique<Subscription::Registration>();
    auto& registration = *subscription.registration_;
    registration.host = host_;
    registration.table = table_;
    registration.callback = std::move(callback);
    auto error = detail::noError();
    check(table_->subscribe(host_, detail::str(topic), onEvent, &registration, &registration.subscription, &error),
          error);
    return subscription;
  }

 private:
  static void onEvent(void* context, const mortise_event* c) {
    const auto& registration = *static_cast<Subscription::Registration*>(context);
    try {
      registration.callback(Event{Text(c->topic), Text(c->payload), c->remote != 0, c->lost});
    } catch (...) {
      detail::reportCallbackFailure(registration.host, "event", Text(c->topic));
    }
  }
  static void check(mortise_status status, const mortise_error& error) {
    if (status != MORTISE_OK) throw detail::problemFrom(status, error, kInterface);
  }

  mortise_host* host_;
  const Table* table_;
};

inline Events Host::events() const { return need<Events>(); }

}  // namespace mortise::inline sdk1
