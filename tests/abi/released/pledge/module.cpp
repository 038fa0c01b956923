#include <map>
#include <memory>
#include <mortise/blobs.hpp>
#include <mortise/cache.hpp>
#include <mortise/events.hpp>
#include <mortise/module.hpp>
#include <mortise/secrets.hpp>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "pledge_store.hpp"

using mortise::JobRun;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;
namespace json = mortise::json;

namespace {

json::Value toJson(const pledge::Pledge& one) {
  return json::object(
      {{"number", one.number}, {"text", one.text}, {"note", one.note}, {"weight", one.weight}, {"firm", one.firm}});
}

// The same four operations, bound once per family: the envelope is none of their business.
class Pledges {
 public:
  Pledges(const pledge::Store& store, std::int64_t most) : store_(store), most_(most) {}

  Reply list(const Request& request) const {
    const auto& words = request.query("word").list();
    auto all = store_.list(request.query("firm").boolean(), request.query("heavier").real(0),
                           request.query("limit").integer(5));
    return Reply::ok(json::Object().add("pledges", json::list(all, toJson)).add("words", json::list(words)));
  }
  Reply add(const Request& request) {
    const auto body = request.body();
    pledge::Pledge one{0, body["text"].text(), std::nullopt, body["weight"].real(1), body["firm"].boolean()};
    if (const auto note = body["note"].optionalText()) one.note = note->string();
    try {
      const auto kept = store_.add(one, most_);
      if (!kept) throw Problem(409, "pledges_full").with("most", most_);
      return Reply::created(toJson(*kept))
          .message("pledge_added", {{"number", std::to_string(kept->number)}})
          .header("X-Pledge", std::to_string(kept->number));
    } catch (const mortise::db::Error& error) {
      if (error.kind() != mortise::db::Error::Kind::exists) throw;
      throw Problem(409, "pledge_known").with("text", one.text);
    }
  }
  Reply read(const Request& request) const {
    const auto number = request.pathInteger("number");
    const auto one = store_.find(number);
    if (!one) throw Problem(404, "pledge_not_found").with("number", number);
    return Reply::ok(toJson(*one));
  }
  void drop(const Request& request) {
    const auto number = request.pathInteger("number");
    if (store_.drop(number))
      request.answer(Reply::noContent());
    else
      request.fail(Problem(404, "pledge_not_found").with("number", number));
  }

 private:
  const pledge::Store& store_;
  const std::int64_t most_;
};

Reply moved(const Request&) { return Reply::redirect("/released/problem/page", 307); }

}  // namespace

class Pledge final : public mortise::Module {
 public:
  explicit Pledge(mortise::Host host)
      : config_(host.config()),
        log_(host.log()),
        events_(host.events()),
        jobs_(host.jobs()),
        cache_(host.cache()),
        blobs_(host.blobs()),
        secrets_(host.secrets()),
        store_(host.db()),
        pledges_(store_, config_.integer("most")) {}

  void bind(mortise::Bindings& on) override {
    for (const std::string family : {"problem", "codeMsg", "unified", "sessionfs"}) {
      on.operation(family + "List", &std::as_const(pledges_), &Pledges::list);
      on.operation(family + "Add", &pledges_, &Pledges::add);
      on.operation(family + "Read", &std::as_const(pledges_), &Pledges::read);
      on.operation(family + "Drop", &pledges_, &Pledges::drop);
    }
    on.operation("settings", &Pledge::settings);
    on.operation("me", &Pledge::me);
    on.operation("mirror", &Pledge::mirror);
    on.operation("swap", &Pledge::swap);
    on.operation("throwUp", &Pledge::throwUp);
    on.operation("page", &Pledge::page);
    on.operation("moved", &moved);
    on.operation("upload", &Pledge::upload);
    on.operation("download", &Pledge::download);
    on.operation("dropUpload", &Pledge::dropUpload);
    on.operation("hit", &Pledge::hit);
    on.operation("sealed", &Pledge::sealed);
    on.operation("heard", &Pledge::heard);
    on.operation("startCount", &Pledge::startCount);
    on.operation("counts", &Pledge::counts);
    on.operation("watch", &Pledge::watch);
    on.operation("talk", &Pledge::talk);
    on.job("count", &Pledge::count);
    on.anyJob(&Pledge::count);
  }
  void start() override {
    log_.info("the pledge stands", {{"most", config_.integer("most")}, {"owner", config_.text("owner")}});
    subscription_ = events_.subscribe("pledge.heard.*", [this](const mortise::Event& event) { onEvent(event); });
  }
  void stop() override {
    subscription_.end();
    const std::lock_guard lock(mutex_);
    waiting_.clear();
  }

 private:
  Reply settings(const Request&) const {
    return Reply::ok(json::object({{"owner", config_.text("owner")},
                                   {"most", config_.integer("most")},
                                   {"strict", config_.boolean("strict")},
                                   {"pause_ms", config_.duration("pause").count()},
                                   {"room", config_.size("room")},
                                   {"words", json::list(config_.list("words"))},
                                   {"public_url", config_.server("http.public_url")},
                                   {"unknown", config_.server("db.url")}}));
  }
  Reply me(const Request& request) const {
    const auto principal = request.principal();
    return Reply::ok(json::object({{"signed_in", principal.signedIn()},
                                   {"username", principal.username},
                                   {"role", principal.role},
                                   {"tier", principal.tier},
                                   {"number", principal.userNumber},
                                   {"may_edit", request.permitted("pledge.edit")},
                                   {"service_key", principal.isServiceKey}}));
  }
  Reply mirror(const Request& request) const {
    const auto body = request.body();
    json::List names;
    if (body.isObject()) {
      for (const auto& member : body.members())
        names.add(json::list({member.name, member.value, static_cast<int>(member.value.type())}));
    }
    json::List items;
    if (body.isList()) {
      for (const auto& item : body) items.add(item);
    }
    return Reply::ok(json::object({{"operation", request.operationId()},
                                   {"method", request.method()},
                                   {"url", request.url()},
                                   {"address", request.address()},
                                   {"language", request.language()},
                                   {"word", request.path("word")},
                                   {"shade", request.headerParameter("X-Shade").text("none")},
                                   {"agent", request.header("User-Agent")},
                                   {"bytes", request.rawBody().size()},
                                   {"body", json::raw(body.toText())},
                                   {"names", names.build()},
                                   {"items", items.build()}}));
  }
  Reply swap(const Request& request) {
    store_.swap(request.query("fail").boolean(false));
    return Reply::ok(json::list(store_.list(std::nullopt, 0, 10), toJson));
  }
  void throwUp(Request& request) {
    const std::string how = request.query("how").text("problem");
    if (how == "exception") throw std::runtime_error("an exception that is no Problem");
    if (how == "number") throw 7;  // NOLINT: what the edge must hold
    if (how == "database") return store_.refuse();
    if (how == "twice") {
      const bool first = request.answer(Reply::status(202, json::value("first")));
      const bool second = request.answer(Reply::ok(json::value(first)));
      log_.warning("answered twice", {{"second", second}});
      return;
    }
    throw Problem(409, "pledge_known")
        .with("text", "all of it")
        .field("body/text", "string_too_short", {{"min_length", "3"}})
        .details(R"({"count":3})")
        .header("X-Reason", "all")
        .retryAfter(7)
        .note("for the log");
  }
  Reply page(const Request&) const { return Reply::raw("<p>a page</p>", "text/html; charset=utf-8", 418); }

  Reply upload(const Request& request) {
    const auto file = request.part("file");
    if (!file || !file->file) throw Problem(422, "pledge_not_found").with("number", 0);
    const auto note = request.part("note");
    const auto blob = blobs_.put(*file->file);
    return Reply::created(json::object({{"key", blob.key},
                                        {"size", blob.size},
                                        {"sha256", blob.sha256},
                                        {"name", file->filename},
                                        {"type", file->contentType},
                                        {"parts", request.parts().size()},
                                        {"note", note ? json::value(note->value) : json::value(nullptr)}}));
  }
  Reply download(const Request& request) const {
    const std::string key = request.path("key");
    const auto blob = blobs_.stat(key);
    if (!blob) throw Problem(404, "pledge_not_found").with("number", 0);
    return Reply::file(blobs_.open(key), "text/plain", "pledge.txt", '"' + blob->sha256 + '"');
  }
  Reply dropUpload(const Request& request) {
    if (!blobs_.remove(request.path("key"))) throw Problem(404, "pledge_not_found").with("number", 0);
    return Reply::noContent();
  }
  Reply hit(const Request& request) {
    const std::string name = request.path("name");
    const auto count = cache_.increment("hits/" + name, 2, std::chrono::minutes(5));
    const bool first = cache_.setIfAbsent("first/" + name, name, std::chrono::minutes(5));
    return Reply::ok(json::object({{"count", count}, {"first", first}, {"kept", cache_.get("first/" + name)}}));
  }
  Reply sealed(const Request& request) {
    const std::string text = request.body()["text"].text();
    const auto seal = secrets_.seal("pledges", text);
    return Reply::ok(json::object({{"text", secrets_.unseal("pledges", seal)},
                                   {"elsewhere", secrets_.unseal("others", seal)},
                                   {"same", secrets_.derive("pledges", 16) == secrets_.derive("pledges", 16)},
                                   {"named", secrets_.named("nothing")}}));
  }

  void heard(Request request) {
    const std::string word = request.path("word");
    {
      const std::lock_guard lock(mutex_);
      waiting_.emplace(word, request.later());
    }
    events_.publish("pledge.heard.word", word);
  }
  void onEvent(const mortise::Event& event) {
    const std::lock_guard lock(mutex_);
    const auto at = waiting_.find(event.payload);
    if (at == waiting_.end()) return;
    at->second.answer(Reply::ok(json::object(
        {{"topic", event.topic}, {"payload", event.payload}, {"remote", event.remote}, {"lost", event.lost}})));
    waiting_.erase(at);
  }

  Reply startCount(const Request& request) {
    const std::string id = request.query("id").text("count");
    if (id == "once") {
      mortise::Job job{id, "at: 2999-01-01T00:00:00Z"};
      job.payload = "put";
      job.name = "Count once";
      job.timeLimit = std::chrono::seconds(30);
      jobs_.put(job);
    }
    jobs_.trigger(id);
    return Reply::accepted(json::object({{"id", id}, {"exists", jobs_.exists(id)}, {"jobs", jobs_.list().size()}}));
  }
  Reply counts(const Request&) const {
    return Reply::ok(json::list(store_.counts(), [](const auto& row) {
      const auto& [payload, pledges] = row;
      return json::object({{"payload", payload}, {"pledges", pledges}});
    }));
  }
  void count(JobRun& run) {
    run.progress(50, "counting");
    store_.keepCount(run.id(),
                     run.jobId().string() + "/" + run.payload().string() + (run.triggered() ? "/asked" : "/due"));
    run.output("counted");
  }

  void watch(Request& request) {
    mortise::StreamOptions options;
    options.heartbeatSeconds = 60;
    options.onClosed = [] {};
    auto stream = request.openStream(std::move(options));
    stream.send("pledge", "1", "first");
    stream.send("", "2", "two\nlines");
    stream.send("pledge", "", json::object({{"number", 3}}).text());
  }
  void talk(Request& request) {
    mortise::WebSocketOptions options;
    for (const auto& offered : request.offeredSubprotocols()) {
      if (offered == "pledge.talk") options.subprotocol = offered.string();
    }
    options.maxMessage = 4096;
    options.onMessage = [](mortise::Socket socket, std::string_view message, bool binary) {
      if (message == "bye") return socket.close(3001, "as you say");
      if (message == "throw") throw std::runtime_error("in a callback");
      if (binary)
        socket.sendBinary(message);
      else
        socket.send(std::string("you said ").append(message));
    };
    options.onClosed = [](int, std::string_view) {};
    request.upgrade(std::move(options)).detach();
  }

  mortise::Config config_;
  mortise::Log log_;
  mortise::Events events_;
  mortise::Jobs jobs_;
  mortise::Cache cache_;
  mortise::Blobs blobs_;
  mortise::Secrets secrets_;
  pledge::Store store_;
  Pledges pledges_;
  std::mutex mutex_;
  std::multimap<std::string, mortise::PendingCall> waiting_;
  mortise::Subscription subscription_;
};

MORTISE_MODULE(Pledge)
