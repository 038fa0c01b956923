#include "watching/watching_operations.hpp"

#include <mortise/time.hpp>

#include <algorithm>
#include <utility>

#include "library/session_path.hpp"

namespace session_sharing {
namespace {

namespace contract = sync_contract::watching;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;

constexpr std::int64_t kMinDebounce = 5;  // seconds
constexpr std::int64_t kMaxDebounce = 300;
constexpr const char* kEvents[] = {"install",     "init_completed", "first_capture",
                                   "first_magic", "heartbeat",      "capture_degraded"};
constexpr const char* kNoEvent = "none";

json::Value view(const WatchedSession& one) {
  return json::object(
      {{"session_id", one.sessionId},
       {"title", one.title},
       {"source_tool", one.sourceTool},
       {"message_count", one.messageCount},
       {"status", one.status},
       {"last_synced_at",
        one.lastSyncedAt ? json::value(mortise::isoTime(*one.lastSyncedAt, mortise::kIsoMicros)) : json::Value()}});
}

Reply watchReply(std::string_view status, std::string_view id) {
  return Reply::ok(json::object({{"status", status}, {"session_id", id}}));
}

}  // namespace

SyncOperations::SyncOperations(mortise::Host host, const TierLimits& limits)
    : orgs_(host.orgs()),
      limits_(limits),
      store_(host.db()),
      listing_(host.db()),
      settings_(host.db()),
      watchList_(host.db()) {}

Reply SyncOperations::settingsReply(const Request& request, const SyncSettings& settings) const {
  return Reply::ok(json::from(settings).add("max_member_bytes", limits_.reading(request.principal().tier).memberBytes));
}

Reply SyncOperations::readSyncSettings(const Request& request) {
  return settingsReply(request, settings_.of(request.principal().userId));
}

Reply SyncOperations::setSyncSettings(const Request& request, const contract::SetSyncSettingsBody& body) {
  auto settings = settings_.of(request.principal().userId);
  if (body.mode != "off") orgs_.requireFeature(settings.userId, "autosync");
  if (body.mode != "off" && body.mode != "all" && body.mode != "selective") throw Problem(400, "sync_mode_invalid");
  settings.mode = body.mode;
  if (body.debounceSeconds.has())
    settings.debounceSeconds = std::clamp(*body.debounceSeconds, kMinDebounce, kMaxDebounce);
  settings_.put(settings);
  return settingsReply(request, settings);
}

Reply SyncOperations::listWatchedSessions(const Request& request) {
  return Reply::ok(json::object({{"sessions", json::list(watchList_.list(request.principal().userId),
                                                         [](const WatchedSession& one) { return view(one); })}}));
}

std::string SyncOperations::watchedId(const Request& request) const {
  std::string name = request.path("session_id");
  if (isSessionId(name) || !isAlias(name)) return name;
  const auto session = store_.findOwn(request.principal().userId, name);
  return session ? session->id : name;
}

Reply SyncOperations::watchSession(const Request& request) {
  const std::string userId = request.principal().userId;
  const auto session = store_.findOwn(userId, request.path("session_id"));
  if (!session || session->isDeleted) throw Problem(404, "session_not_found");
  watchList_.add(userId, session->id, mortise::now());
  return watchReply("watching", session->id);
}

Reply SyncOperations::unwatchSession(const Request& request) {
  const auto id = watchedId(request);
  watchList_.remove(request.principal().userId, id);
  return watchReply("unwatched", id);
}

Reply SyncOperations::setWatchStatus(const Request& request) {
  const std::string status = request.path("status");
  if (!isWatchStatus(status)) throw Problem(400, "watch_status_invalid");
  const auto id = watchedId(request);
  const bool isWatched = watchList_.setStatus(request.principal().userId, id, status, mortise::now());
  return watchReply(isWatched ? std::string_view(status) : "not_watched", id);
}

Reply SyncOperations::readSyncStatus(const Request& request) {
  const auto caller = request.principal();
  const auto stored = listing_.stored(caller.userId);
  const auto counts = watchList_.counts(caller.userId);
  return Reply::ok(json::object({{"mode", settings_.of(caller.userId).mode},
                                 {"total_sessions", stored.sessions},
                                 {"synced_sessions", stored.sessions},
                                 {"watched_sessions", counts.watched},
                                 {"queued", counts.queued},
                                 {"failed", counts.failed},
                                 {"storage_used_bytes", stored.bytes},
                                 {"storage_limit_bytes", limits_.storageBytes(caller.tier)}}));
}

ReportOperations::ReportOperations(mortise::Host host) : clients_(host.db()) {
  const auto add = [&](const char* event) {
    events_.emplace(event, host.metrics().counter("client_events_total", "Events that clients reported of themselves",
                                                  {{"event", event}}));
  };
  for (const char* event : kEvents) add(event);
  add(kNoEvent);
}

Reply ReportOperations::reportSyncHealth(const Request& request, const contract::ReportSyncHealthBody& body) {
  const auto watchers = json::list(body.watchers);
  clients_.noteHealth(request.principal().userId, watchers.text(), mortise::now());
  return Reply::ok(json::object({{"status", "ok"}, {"watchers", body.watchers.size()}}));
}

Reply ReportOperations::reportTelemetry(const Request&, const contract::ReportTelemetryBody& body) {
  events_.at(body.event.has() ? std::string(*body.event) : kNoEvent).add();
  return Reply::ok(json::object({{"status", "ok"}}));
}

}  // namespace session_sharing
