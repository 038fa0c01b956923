#include <atomic>
#include <chrono>
#include <memory>
#include <mortise/module.hpp>
#include <mortise/sync_sessions.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "listeners.hpp"
#include "ticker_clock.h"

using mortise::JobRun;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;
namespace json = mortise::json;

namespace {

constexpr const char* kSubprotocol = "ticker.echo";
constexpr std::int64_t kHour = std::int64_t{3600} * 1'000'000;
constexpr std::int64_t kPlaces = 1000;

std::int64_t nowMicros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

json::Value toJson(std::int64_t number, std::int64_t at_us) {
  return json::object({{"number", number}, {"at_us", at_us}});
}

}  // namespace

class Ticker final : public mortise::Module {
 public:
  explicit Ticker(mortise::Host host)
      : host_(host), db_(host.db()), surveyPause_(host.config().duration("survey_pause")) {}

  void bind(mortise::Bindings& on) override {
    on.operation("latestTick", &Ticker::latestTick);
    on.operation("watchTicks", &Ticker::watchTicks);
    on.operation("echo", &Ticker::echo);
    on.job("tick", &Ticker::tick);
    on.job("forget", &Ticker::forget);
    on.job("survey", &Ticker::survey);
  }
  void start() override {
    sessions_ = host_.optional<mortise::SyncSessions>();
    number_ = db_.queryOne<std::int64_t>("SELECT COALESCE(MAX(number), 0) FROM ticker_ticks").value_or(0);
  }
  void stop() override { listeners_->closeAll(); }

  // [provide]
  const void* provide(std::string_view interface_name) override {
    return interface_name == "ticker.clock/1" ? &clock_ : nullptr;
  }
  // [/provide]

 private:
  Reply latestTick(const Request&) const {
    const auto last =
        db_.queryOne<std::int64_t, std::int64_t>("SELECT number, at_us FROM ticker_ticks ORDER BY number DESC LIMIT 1");
    if (!last) throw Problem(404, "no_tick_yet");
    const auto [number, at_us] = *last;
    return Reply::ok(toJson(number, at_us));
  }

  // [stream]
  void watchTicks(Request& request) {
    const auto id = listeners_->expect();
    mortise::StreamOptions options;
    options.onClosed = [listeners = listeners_, id] { listeners->remove(id); };
    listeners_->add(id, request.openStream(std::move(options)));
  }
  // [/stream]

  // [websocket]
  void echo(Request& request) {
    mortise::WebSocketOptions options;
    for (const auto& offered : request.offeredSubprotocols()) {
      if (offered == kSubprotocol) options.subprotocol = kSubprotocol;
    }
    options.onMessage = [](mortise::Socket socket, std::string_view message, bool binary) {
      const bool sent = binary ? socket.sendBinary(message) : socket.send(message);
      if (!sent) socket.close(1013, "too slow");
    };
    request.upgrade(std::move(options)).detach();
  }
  // [/websocket]

  // [job]
  void tick(JobRun&) {
    const auto at_us = nowMicros();
    const auto number = db_.transaction([&](mortise::Transaction& tx) {
      const auto next = tx.nextNumber("ticker_ticks", "number");
      tx.execute("INSERT INTO ticker_ticks (number, at_us) VALUES (:number, :at_us)",
                 {{"number", next}, {"at_us", at_us}});
      return next;
    });
    number_ = number;
    listeners_->send(std::to_string(number), toJson(number, at_us).text());
  }
  // [/job]

  void forget(JobRun& run) {
    const auto dropped =
        db_.execute("DELETE FROM ticker_ticks WHERE at_us < :before", {{"before", nowMicros() - kHour}});
    run.output("dropped " + std::to_string(dropped));
  }

  // [sync]
  void survey(JobRun& run) {
    if (!sessions_) throw Problem(503, "unavailable").note("a survey needs the module sync");
    auto session = sessions_->open({run.triggered() ? "manual_task" : "scheduled_task", "other", run.createdBy()});
    std::vector<mortise::SyncTarget> places;
    for (std::int64_t i = 1; i <= kPlaces; ++i) places.push_back({i, "place " + std::to_string(i)});
    for (const auto record : session.addTargets(places)) {
      if (run.cancelled()) return session.finish("the run was asked to stop");
      if (session.cancelled() || !session.start(record)) return;
      if (number_ == 0) {
        session.fail(record, "the clock has not ticked yet");
      } else {
        session.complete(record, {.synced = 1}, json::object({{"version", 1}, {"tick", number_.load()}}).text());
      }
      std::this_thread::sleep_for(surveyPause_);
    }
    session.finish();
  }
  // [/sync]

  mortise::Host host_;
  mortise::Db db_;
  std::optional<mortise::SyncSessions> sessions_;
  std::chrono::milliseconds surveyPause_;
  std::shared_ptr<ticker::Listeners> listeners_ =
      std::make_shared<ticker::Listeners>();  // a stream's onClosed may be the last to need it
  std::atomic<std::int64_t> number_{0};
  const ticker_clock_v1 clock_{sizeof(ticker_clock_v1), this,
                               [](void* self) { return static_cast<Ticker*>(self)->number_.load(); }};
};

MORTISE_MODULE(Ticker)
