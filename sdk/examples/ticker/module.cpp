#include <atomic>
#include <chrono>
#include <cstdint>
#include <mortise/entity.hpp>
#include <mortise/feed.hpp>
#include <mortise/module.hpp>
#include <mortise/rows.hpp>
#include <mortise/sync_sessions.hpp>
#include <mortise/websocket.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "ticker_clock.h"
#include "ticker_contract.hpp"

namespace {

using mortise::JobRun;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;
using mortise::Time;
namespace db = mortise::db;
namespace json = mortise::json;

constexpr const char* kSubprotocol = "ticker.echo";
constexpr std::int64_t kPlaces = 1000;

struct Tick {
  std::int64_t number = 0;
  Time at;

  static constexpr auto kFields = mortise::fields("ticker_ticks", mortise::field("number", &Tick::number).key(),
                                                  mortise::field("at_us", &Tick::at).written([](const Time& value) {
                                                    return json::value(mortise::micros(value));
                                                  }));
};

class Ticker final : public mortise::ModuleServing<ticker_contract::ticker::Ticker> {
 public:
  explicit Ticker(mortise::Host host)
      : host_(host), db_(host.db()), surveyPause_(host.config().duration("survey_pause")) {}

  void bind(mortise::Bindings& on) override {
    ModuleServing::bind(on);
    on.job("tick", &Ticker::tick);
    on.job("forget", &Ticker::forget);
    on.job("survey", &Ticker::survey);
  }
  void start() override {
    sessions_ = host_.optional<mortise::SyncSessions>();
    if (const auto last = lastTick()) number_ = last->number;
  }
  void stop() override { ticks_.close(); }

  // [provide]
  const void* provide(std::string_view interface_name) override {
    return interface_name == "ticker.clock/1" ? &clock_ : nullptr;
  }
  // [/provide]

 private:
  std::optional<Tick> lastTick() const { return db::row<Tick>(db_, "ORDER BY number DESC LIMIT 1"); }

  Reply latestTick(const Request&) override {
    return Reply::ok(json::from(mortise::orNotFound(lastTick(), "no_tick_yet")));
  }

  void watchTicks(Request& request) override { ticks_.open(request); }

  // [websocket]
  void echo(Request& request) override {
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

  void tick(JobRun&) {
    Tick tick{0, mortise::now()};
    db_.transaction([&](mortise::Transaction& tx) {
      tick.number = tx.nextNumber("ticker_ticks", "number");
      db::insert(tx, tick);
    });
    number_ = tick.number;
    ticks_.send({}, "tick", std::to_string(tick.number), json::from(tick).build().text());
  }

  void forget(JobRun& run) {
    const auto dropped = db_.execute("DELETE FROM ticker_ticks WHERE at_us < :before",
                                     {{"before", mortise::now() - std::chrono::hours(1)}});
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
  mortise::Feed ticks_;
  std::atomic<std::int64_t> number_{0};
  const ticker_clock_v1 clock_{sizeof(ticker_clock_v1), this,
                               [](void* self) { return static_cast<Ticker*>(self)->number_.load(); }};
};

}  // namespace

MORTISE_MODULE(Ticker)
