#include "administration/session_administration.hpp"

#include <mortise/json.hpp>
#include <mortise/paging.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>

#include <utility>

#include "library/trash_answers.hpp"

namespace session_sharing {
namespace {

namespace contract = sync_contract::administration;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Transaction;

constexpr std::chrono::seconds kStatisticsKept{60};
constexpr auto kPages = [] {
  auto form = mortise::sizedPages("sessions", 200);
  form.total = nullptr;  // would cost more with each session of anybody
  form.defaultSize = 50;
  return form;
}();

}  // namespace

SessionAdministration::SessionAdministration(mortise::Host host, const Trash& trash)
    : db_(host.db()),
      audit_(host.audit()),
      identity_(host.identity()),
      orgs_(host.orgs()),
      store_(host.db()),
      all_(host.db()),
      trash_(trash) {}

Reply SessionAdministration::listAllSessions(const Request& request) {
  ManagedQuery query;
  query.userId = mortise::orNull(request.query("user_id").text(""));
  query.sourceTool = mortise::orNull(request.query("source_tool").text(""));
  query.isDeleted = request.query("deleted").boolean(false);
  return all_.list(query, mortise::Paging::of(request, kPages)).reply();
}

Reply SessionAdministration::deleteAnySession(const Request& request) {
  const std::string id = request.path("session_id");
  const auto session = mortise::orNotFound(store_.find(id), "session_not_found");
  db_.transaction([&](Transaction& tx) {
    if (!store_.in(tx).moveToTrash(id, "cloud", request.principal().userId, mortise::now()))
      throw Problem(410, "session_already_deleted");
    audit_.in(tx).record(request, "sync.session_deleted", "session:" + id,
                         json::object({{"scope", "cloud"}, {"user", session.userId}, {"by", "administrator"}}));
  });
  return Reply::noContent();
}

Reply SessionAdministration::purgeDeletedSessions(const Request& request,
                                                  const std::optional<contract::PurgeWish>& body) {
  const auto id = body ? body->sessionId.valueOr("") : std::string();
  if (id.empty()) return emptyTrash(trash_, audit_, request);
  const auto session = mortise::orNotFound(store_.find(id), "session_not_found");
  if (!session.isDeleted) throw Problem(409, "session_not_deleted");
  const auto erased = trash_.eraseDeleted(id);
  if (!erased) throw Problem(409, "session_not_deleted");  // it was taken out meanwhile
  return answerPurge({.sessions = 1, .bytes = erased->blobSizeBytes}, "session:" + id, audit_, request);
}

Reply SessionAdministration::readStatistics(const Request&) {
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (statistics_.empty() || now - statisticsAt_ > kStatisticsKept) {
    statistics_ = statistics().text();
    statisticsAt_ = now;
  }
  return Reply::ok(json::raw(statistics_));
}

json::Value SessionAdministration::statistics() const {
  std::int64_t users = 0, orgs = 0;
  identity_.list(0, 1, &users);
  orgs_.list(0, 1, &orgs);
  ToolSum all;
  json::Object byTool;
  for (const auto& sum : all_.sums()) {
    all.sessions += sum.sessions;
    all.bytes += sum.bytes;
    all.deleted += sum.deleted;
    if (sum.sessions > 0) byTool.add(sum.toolFamily, sum.sessions);
  }
  return json::object(
      {{"users", json::object({{"total", users}})},
       {"orgs", json::object({{"total", orgs}})},
       {"sessions", json::object({{"total", all.sessions}, {"deleted", all.deleted}, {"by_tool", byTool}})},
       {"storage", json::object({{"used_bytes", all.bytes}})},
       {"counted_at", mortise::isoTime(mortise::now(), mortise::kIsoMicros)}});
}

}  // namespace session_sharing
