// What the end-to-end tests poke. See README.md one folder up.
#include <mortise/blobs.hpp>
#include <mortise/identity.hpp>
#include <mortise/module.hpp>
#include <mortise/service_key.hpp>
#include <mortise/stream.hpp>
#include <mortise/websocket.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <zlib.h>

#include "file_calls.hpp"
#include "health_check.hpp"
#include "job_calls.hpp"
#include "object_calls.hpp"
#include "org_calls.hpp"
#include "skill_calls.hpp"
#include "stream_calls.hpp"
#include "sync_calls.hpp"

namespace {

using mortise::Problem;
using mortise::Reply;
using mortise::Request;
namespace json = mortise::json;

std::uint32_t checksum(const mortise::File& file) {
  const auto buffer = std::make_unique<char[]>(1 << 18);
  uLong sum = crc32(0, nullptr, 0);
  for (std::uint64_t offset = 0; offset < file.size();) {
    const auto count = file.read(offset, buffer.get(), 1 << 18);
    if (count == 0) throw std::runtime_error("the file is shorter than it says");
    sum = crc32(sum, reinterpret_cast<const Bytef*>(buffer.get()), static_cast<uInt>(count));
    offset += count;
  }
  return static_cast<std::uint32_t>(sum);
}

class Probe final : public mortise::Module {
 public:
  explicit Probe(mortise::Host host)
      : db_(host.db()),
        blobs_(host.blobs()),
        identity_(host.identity()),
        sync_(host),
        skills_(host),
        jobs_(host),
        orgs_(host),
        objects_(host),
        files_(host),
        streamCalls_(host),
        health_(host) {}

  void bind(mortise::Bindings& on) override {
    on.operation("hello", &Probe::hello);
    on.operation("addPair", &Probe::addPair);
    on.operation("listPairs", &Probe::listPairs);
    on.operation("readPair", &Probe::readPair);
    on.operation("whoAmI", &Probe::whoAmI);
    on.operation("whoAmIFromWorker", &Probe::whoAmI);
    on.operation("slow", &Probe::slow);
    on.operation("spin", &Probe::spin);
    on.operation("spinning", &Probe::spinning);
    on.operation("throwIt", &Probe::throwIt);
    on.operation("putFile", &Probe::putFile);
    on.operation("putBlob", &Probe::putBlob);
    on.operation("putForm", &Probe::putForm);
    on.operation("getFile", &Probe::getFile);
    on.operation("dropFile", &Probe::dropFile);
    on.operation("mintKey", &Probe::mintKey);
    on.operation("listKeys", &Probe::listKeys);
    on.operation("deactivateKey", &Probe::deactivateKey);
    on.operation("revokeKey", &Probe::revokeKey);
    for (const char* caller :
         {"keyAnyone", "keyRead", "keyAdmin", "rights", "cookieMe", "cookiePost", "cookieForm", "cookieAdmin"}) {
      on.operation(caller, &Probe::caller);
    }
    on.operation("addProject", &Probe::addProject);
    on.operation("readProject", &Probe::readProject);
    on.operation("projectOfRemote", &Probe::projectOfRemote);
    on.operation("cookieToken", &Probe::cookieToken);
    on.operation("cookieLogin", &Probe::cookieLogin);
    on.operation("cookieLogout", &Probe::cookieLogout);
    orgs_.bind(on);
    objects_.bind(on);
    sync_.bind(on);
    skills_.bind(on);
    jobs_.bind(on);
    files_.bind(on);
    health_.bind(on);
    streamCalls_.bind(on);
    on.anyJob(&Probe::runJob);
    on.operation("watchEvents", &Probe::watchEvents);
    on.operation("watchIfPermitted", &Probe::watchIfPermitted);
    on.operation("closingSocket", &Probe::openSocket);
    on.operation("plainSocket", &Probe::openSocket);
    on.operation("hit", &Probe::hello);
    on.operation("takeRights", &Probe::takeRights);
  }
  void start() override {
    health_.start();
    streamCalls_.start();
  }
  void stop() override { streamCalls_.stop(); }

 private:
  void runJob(mortise::JobRun& run) { JobCalls::run(run); }

  Reply hello(const Request&) { return Reply::ok(json::object({{"hello", "world"}})); }

  Reply addPair(const Request& request) {
    const auto id = request.body()["id"].text();
    const auto text = request.body()["text"].text();
    db_.transaction([&](mortise::Db::Session& session) {
      session.execute("INSERT INTO probe_pairs (id, half, content) VALUES (:id, 'left', :content)",
                      {{"id", id}, {"content", text}});
      session.execute("INSERT INTO probe_pairs (id, half, content) VALUES (:id, 'right', :content)",
                      {{"id", id}, {"content", text}});
    });
    if (const auto delay = request.body()["delay_ms"]; delay.exists()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(delay.integer()));
    }
    return Reply::created(json::object({{"id", id}}));
  }

  Reply listPairs(const Request&) {
    json::List pairs;
    db_.each<std::string, std::int64_t>("SELECT id, COUNT(*) FROM probe_pairs GROUP BY id ORDER BY id", {},
                                        [&](const std::string& id, std::int64_t halves) {
                                          pairs.add(json::object({{"id", id}, {"halves", halves}}));
                                        });
    return Reply::ok(json::object({{"pairs", pairs.build()}}));
  }

  Reply readPair(const Request& request) {
    const auto row = db_.queryOne<std::string>("SELECT content FROM probe_pairs WHERE id = :id AND half = 'left'",
                                               {{"id", request.path("id")}});
    if (!row) throw Problem(404, "probe_pair_unknown");
    return Reply::ok(json::object({{"id", request.path("id")}, {"text", *row}}));
  }

  Reply whoAmI(const Request& request) { return Reply::ok(json::object({{"hello", request.principal().username}})); }

  Reply slow(const Request& request) {
    std::this_thread::sleep_for(std::chrono::milliseconds(request.query("ms").integer(0)));
    return Reply::ok(json::object({{"slept_ms", request.query("ms").integer(0)}}));
  }

  Reply spin(const Request& request) {
    constexpr auto kFarTooLong = std::chrono::minutes(10);
    const auto end = std::chrono::steady_clock::now() + kFarTooLong;
    ++spinning_;
    while (!request.expired() && std::chrono::steady_clock::now() < end) {
    }
    --spinning_;
    if (request.expired()) ++ended_;
    request.stopIfExpired();
    return Reply::ok(json::object({{"expired", false}}));
  }

  Reply spinning(const Request&) {
    return Reply::ok(json::object({{"spinning", spinning_.load()}, {"ended", ended_.load()}}));
  }

  Reply throwIt(const Request& request) {
    const std::string what(request.query("what").text(""));
    if (what == "int") throw 42;
    if (what == "string") throw std::string("secret of the house");
    if (what == "exception") throw std::runtime_error("secret of the house");
    throw Problem(409, "probe_conflict").note("secret of the house");
  }

  Reply putFile(const Request& request) {
    const auto file = request.bodyFile();
    if (!file) throw Problem(422, "validation_error").field("body", "missing");
    const auto blob = blobs_.put(*file);
    return Reply::created(json::object({{"id", blob.sha256}, {"size", blob.size}, {"crc32", checksum(*file)}}));
  }

  Reply putBlob(const Request& request) {
    const auto file = request.bodyFile();
    if (!file) throw Problem(422, "validation_error").field("body", "missing");
    const auto blob = blobs_.put(*file);
    return Reply::created(json::object({{"id", blob.sha256}, {"size", blob.size}}));
  }

  Reply putForm(const Request& request) {
    json::List files;
    for (const auto& part : request.parts()) {
      if (!part.file) continue;
      const auto blob = blobs_.put(*part.file);
      files.add(json::object({{"name", part.filename}, {"id", blob.sha256}, {"size", blob.size}}));
    }
    return Reply::created(json::object({{"files", files.build()}}));
  }

  Reply dropFile(const Request& request) {
    if (!blobs_.remove("probe/" + std::string(request.path("id")))) throw Problem(404, "not_found");
    return Reply::ok(json::object({{"gone", true}}));
  }

  Reply getFile(const Request& request) {
    const std::string id(request.path("id"));
    return Reply::file(blobs_.open("probe/" + id), "application/octet-stream", "größe 1.bin", "\"" + id + "\"");
  }

  // API keys and cookie sessions: the shortest face that identity/1 can be given.
  Reply mintKey(const Request& request) {
    mortise::NewApiKey wanted;
    wanted.userId = std::string(request.principal().userId);
    wanted.name = std::string(request.body()["name"].text());
    wanted.kind = request.body()["scopes"].exists() ? mortise::KeyKind::service : mortise::KeyKind::user;
    if (request.body()["scopes"].exists()) wanted.scopes = std::string(request.body()["scopes"].text());
    if (const auto at = request.body()["expires_at"]; at.exists()) wanted.expiresAt = at.integer();
    wanted.orgId = request.body()["org_id"].text("org-1");
    wanted.projectIds = R"(["p1"])";
    const auto key = identity_.mintKey(wanted);
    return Reply::created(
        json::object({{"id", key.id}, {"raw", key.raw}, {"prefix", key.prefix}, {"scopes", key.scopes}}));
  }

  Reply listKeys(const Request& request) {
    json::List keys;
    for (const auto& key : identity_.listKeys(request.principal().userId, "org-1")) {
      keys.add(json::object({{"id", key.id},
                             {"name", key.name},
                             {"active", key.isActive},
                             {"reason", key.revokeReason},
                             {"raw", key.raw},
                             {"used_from", key.lastUsedIp}}));
    }
    return Reply::ok(json::object({{"keys", keys.build()}}));
  }

  Reply deactivateKey(const Request& request) {
    identity_.deactivateKey(request.principal().userId, request.path("id"));
    return Reply::noContent();
  }

  Reply revokeKey(const Request& request) {
    return Reply::ok(json::object({{"reason", identity_.revokeKey(request.path("id"), "leaked").revokeReason}}));
  }

  // Held until the module is destroyed: the kernel ends them.
  void watchEvents(Request& request) {
    auto stream = request.openStream({});
    stream.send("hello", "1", "{}");
    const std::lock_guard lock(streamsMutex_);
    streams_.push_back(std::move(stream));
  }

  void watchIfPermitted(Request& request) {
    if (!request.permitted("probe.read")) throw Problem(403, "forbidden");
    watchEvents(request);
  }

  void openSocket(Request& request) {
    mortise::WebSocketOptions options;
    options.onMessage = [](mortise::Socket socket, std::string_view message, bool) { socket.send(message); };
    request.upgrade(std::move(options)).detach();
  }

  Reply takeRights(const Request& request) {
    const auto id = request.path("id");
    const auto act = request.path("act");
    mortise::UserChange change;
    if (act == "ban") change.status = "banned";
    if (act == "demote") change.role = "guest";
    if (change.status || change.role) identity_.change(id, change);
    if (act == "password") identity_.setPassword(id, "another horse 8");
    if (act == "delete") identity_.remove(id);
    return Reply::noContent();
  }

  Reply caller(const Request& request) {
    const auto who = request.principal();
    return Reply::ok(json::object({{"user", who.username},
                                   {"credential", static_cast<int>(who.credential)},
                                   {"service", who.isServiceKey},
                                   {"org", who.keyOrgId},
                                   {"projects", who.keyProjectIds},
                                   {"may_read", request.permitted("probe.read")},
                                   {"may_administer", request.permitted("probe.administer")}}));
  }

  // Projects with the access rules of service keys, as in a module with real projects.
  struct Project {
    std::string id, orgId;
  };

  static Reply shown(const Project& project) {
    return Reply::ok(json::object({{"id", project.id}, {"org_id", project.orgId}}));
  }

  Reply addProject(const Request& request) {
    const auto body = request.body();
    db_.execute("INSERT INTO probe_projects (id, org_id, remote) VALUES (:id, :org_id, :remote)",
                {{"id", body["id"].text()}, {"org_id", body["org_id"].text()}, {"remote", body["remote"].text()}});
    return Reply::created(json::object({{"id", body["id"].text()}}));
  }

  Reply readProject(const Request& request) {
    const auto orgId =
        db_.queryOne<std::string>("SELECT org_id FROM probe_projects WHERE id = :id", {{"id", request.path("id")}});
    if (!orgId) throw Problem(404, "probe_project_unknown");
    const Project project{request.path("id"), *orgId};
    mortise::requireProject(request.principal(), {project.id, project.orgId});
    return shown(project);
  }

  Reply projectOfRemote(const Request& request) {
    const auto remote = request.query("remote").text();
    std::vector<Project> found;
    std::optional<std::vector<mortise::ProjectReference>> candidates;
    if (remote) {
      db_.each<std::string, std::string>("SELECT id, org_id FROM probe_projects WHERE remote = :remote ORDER BY id",
                                         {{"remote", *remote}}, [&](std::string id, std::string org_id) {
                                           found.push_back({std::move(id), std::move(org_id)});
                                         });
      candidates.emplace();
      for (const auto& project : found) candidates->push_back({project.id, project.orgId});
    }
    mortise::requireDerivedProject(request.principal(), candidates);
    if (found.empty()) throw Problem(404, "probe_project_unknown");
    return shown(found.front());
  }

  Reply cookieToken(const Request& request) {
    const auto session = identity_.openCookie(request.header("Cookie"));
    return Reply::ok(json::object({{"csrf_token", session.csrfToken}})).header("Set-Cookie", session.setCookie);
  }

  Reply cookieLogin(const Request& request) {
    const auto user = identity_.checkPassword(mortise::UserKey::username, request.body()["username"].text(),
                                              request.body()["password"].text());
    if (!user) throw Problem(401, "invalid_credentials");
    const auto session = identity_.loginCookie(request.header("Cookie"), user->id);
    return Reply::ok(json::object({{"user", user->username}})).header("Set-Cookie", session.setCookie);
  }

  Reply cookieLogout(const Request& request) {
    identity_.logoutCookie(request.header("Cookie"));
    return Reply::ok(json::object({{"csrf_token_left", identity_.csrfToken(request.header("Cookie")).has_value()}}));
  }

  mortise::Db db_;
  mortise::Blobs blobs_;
  mortise::Identity identity_;
  SyncCalls sync_;
  SkillCalls skills_;
  JobCalls jobs_;
  OrgCalls orgs_;
  ObjectCalls objects_;
  FileCalls files_;
  StreamCalls streamCalls_;
  HealthCheck health_;
  std::atomic<int> spinning_{0};
  std::atomic<int> ended_{0};
  std::mutex streamsMutex_;
  std::vector<mortise::EventStream> streams_;
};

}  // namespace

MORTISE_MODULE(Probe)
