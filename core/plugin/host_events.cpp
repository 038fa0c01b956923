// events/1 over services::Events.
#include "core/db/after_commit.hpp"
#include "core/plugin/callback_gate.hpp"
#include "core/plugin/host_guard.hpp"
#include "core/plugin/host_tables.hpp"
#include "core/plugin/lane.hpp"
#include "core/services/events/events.hpp"
#include "mortise/abi/events.h"

// Owned by its Host (hold); the module's pointer is valid until unsubscribe, also after the Host has released the
// subscription.
struct mortise_subscription {
  std::uint64_t id = 0;    // of services::Events
  std::uint64_t held = 0;  // of Host
};

namespace mortise::plugin {
namespace {

bool isTopic(std::string_view topic) {
  return !topic.empty() && topic.size() <= 200 &&
         topic.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:-") ==
             std::string_view::npos;
}

mortise_status badTopic(mortise_error* error, std::string_view rule) {
  return answer(error, MORTISE_INVALID, "bad_topic", rule);
}

extern "C" {

mortise_status eventsPublish(mortise_host* raw, mortise_str topic, mortise_str payload, mortise_error* error) {
  return anywhere<&HostServices::events>(raw, "events/1 publish", error, [&](Host& host, services::Events& events) {
    if (!isTopic(view(topic))) return badTopic(error, "a topic is 1 to 200 letters, digits and _ . : -");
    if (!view(topic).starts_with(host.moduleName() + ".")) {
      return badTopic(error, "a topic begins with the publishing module's name: " + host.moduleName() + ".");
    }
    if (!db::waitsForCommit()) {
      events.publish(view(topic), view(payload));
      return MORTISE_OK;
    }
    events.check(view(topic), view(payload));
    db::afterCommit([&events, topic = copy(topic), payload = copy(payload)] { events.publish(topic, payload); });
    return MORTISE_OK;
  });
}

mortise_status eventsSubscribe(mortise_host* raw, mortise_str topic, void (*callback)(void*, const mortise_event*),
                               void* context, mortise_subscription** subscription, mortise_error* error) {
  return anywhere<&HostServices::events>(raw, "events/1 subscribe", error, [&](Host& host, services::Events& events) {
    if (callback == nullptr || subscription == nullptr)
      return answer(error, MORTISE_INVALID, "null", "callback or subscription is null");
    *subscription = nullptr;
    auto exact = view(topic);
    if (exact.ends_with('*')) exact.remove_suffix(1);
    if (!exact.empty() && !isTopic(exact))
      return badTopic(error, "a topic is 1 to 200 letters, digits and _ . : -, or a prefix of one that ends in *");
    if (view(topic).empty()) return badTopic(error, "the topic is empty");
    auto handle = std::make_shared<mortise_subscription>();
    handle->id = events.subscribe(view(topic), [gate = host.gate(), callback, context](const services::Event& event) {
      const mortise_event face{.struct_size = sizeof(mortise_event),
                               .remote = event.remote ? 1 : 0,
                               .topic = str(event.topic),
                               .payload = str(event.payload),
                               .lost = event.lost};
      const LaneScope lane(ThreadLane::worker);
      gate->run("event", [&] { callback(context, &face); });
    });
    try {
      handle->held = host.hold("subscription", [&events, handle] { events.unsubscribe(handle->id); });
    } catch (...) {
      events.unsubscribe(handle->id);
      throw;
    }
    *subscription = handle.get();
    return MORTISE_OK;
  });
}

void eventsUnsubscribe(mortise_host* raw, mortise_subscription* subscription) {
  auto* host = hostOf(raw);
  if (host == nullptr || subscription == nullptr) return;
  guardedOr(host, "events/1 unsubscribe", 0, [&] {
    host->services().events->unsubscribe(subscription->id);
    host->release(subscription->held);
    return 0;
  });
}

}  // extern "C"

const mortise_events_v1 kTable = {sizeof(mortise_events_v1), &eventsPublish, &eventsSubscribe, &eventsUnsubscribe};

}  // namespace

template <>
ServedInterface serve<mortise_events_v1>(std::string_view name) {
  return {name, &kTable, &with<&HostServices::events>};
}

}  // namespace mortise::plugin
