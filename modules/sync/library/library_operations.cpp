#include "library/library_operations.hpp"

#include <mortise/markup.hpp>
#include <mortise/paging.hpp>
#include <mortise/time.hpp>

#include <chrono>
#include <utility>

#include "library/message_page.hpp"
#include "library/session_path.hpp"
#include "library/trash_answers.hpp"

namespace session_sharing {
namespace {

namespace contract = sync_contract::library;
namespace json = mortise::json;
using mortise::Paging;
using mortise::Problem;
using mortise::Reply;
using mortise::Transaction;

constexpr auto kSessionPages = mortise::sizedPages("sessions");
constexpr auto kMessagePages = [] {
  auto form = mortise::sizedPages("messages");
  form.defaultSize = 50;
  return form;
}();
constexpr std::chrono::seconds kReindexTime{240};  // well within the operation's own
constexpr const char* kScopeMissing =
    "DELETE without scope is deprecated and counts as scope=cloud; send scope=cloud or scope=everywhere";

std::string titleFrom(const std::string& text) {
  auto title = mortise::withoutMarkup(text);
  if (title.empty()) throw Problem(400, "title_empty");
  return title;
}

// What a change sets, for the policy on secrets. An alias has no room for a mark.
std::vector<GivenText> textsOf(SessionChange& change) {
  std::vector<GivenText> texts;
  if (change.title) texts.push_back({&*change.title, kGivenTitle});
  if (change.tags) {
    for (auto& tag : *change.tags) texts.push_back({&tag, kGivenTag});
  }
  if (change.alias && *change.alias) texts.push_back({&**change.alias, 0, false});
  return texts;
}

// As it is stored: cloud, both.
std::string scopeFrom(const std::optional<std::string>& parameter) {
  if (!parameter || *parameter == "cloud") return "cloud";
  if (*parameter == "everywhere") return "both";
  throw Problem(400, "scope_invalid");
}

std::string target(const CapturedSession& session) { return "session:" + session.id; }

json::Value view(const MessagePage::Target& target) {
  return json::object({{"index", target.line}, {"status", target.status}, {"anchor_index", target.anchor}});
}

Reply view(const MessagePage& page, const MessageQuery& query) {
  std::string list = "[";
  for (const auto& message : page.messages) list.append(list.size() > 1 ? "," : "").append(message.text);
  list.push_back(']');
  return Reply::ok(
      json::object({{"messages", json::raw(std::move(list))},
                    {"message_indexes", json::list(page.messages, [](const auto& message) { return message.line; })},
                    {"total", page.total},
                    {"page", page.page},
                    {"page_size", query.pageSize},
                    {"has_more", page.hasMore},
                    {"target", page.target ? view(*page.target) : json::Value()}}));
}

}  // namespace

LibraryOperations::LibraryOperations(mortise::Host host, const HeldBlobs& held, ArchiveThreads& threads,
                                     const ProjectLookup& projects, const TierLimits& limits,
                                     std::vector<SessionRemoval*> removals)
    : db_(host.db()),
      orgs_(host.orgs()),
      audit_(host.audit()),
      store_(host.db()),
      listing_(host.db()),
      searchIndex_(host.db()),
      messages_(host, held),
      threads_(threads),
      trash_(host, held, std::move(removals)),
      reindex_(host, projects, limits),
      inspection_(host) {}

Reply LibraryOperations::listSessions(const Request& request) {
  ListQuery query;
  query.userId = request.principal().userId;
  query.isDeleted = request.query("deleted").boolean(false);
  query.sourceTool = request.query("source_tool").text("");
  query.tag = request.query("tag").text("");
  for (const auto& model : request.query("model").list()) query.models.push_back(model);
  if (request.query("sort").text("") == "model") query.sort = ListQuery::Sort::model;
  query.isAscending = request.query("order").text("") == "asc";
  return listing_.list(query, Paging::of(request, kSessionPages)).reply();
}

Reply LibraryOperations::readSession(const Request& request) {
  return Reply::ok(json::from(liveSession(store_, request)));
}

Reply LibraryOperations::changed(const Request& request, SessionChange change) const {
  const auto session = liveSession(store_, request);
  inspection_.inspect(textsOf(change), request);
  return Reply::ok(json::from(db_.transaction([&](Transaction& tx) {
    const auto after =
        mortise::orNotFound(store_.in(tx).change(session.id, change, mortise::now()), "session_not_found");
    if (change.title) searchIndex_.in(tx).retitle(after);
    return after;
  })));
}

Reply LibraryOperations::changeSession(const Request& request, const contract::SessionChange& body) {
  SessionChange change;
  if (body.title.has()) change.title = titleFrom(*body.title);
  if (body.tags.has()) change.tags = *body.tags;
  if (body.alias.has()) change.alias = *body.alias;
  if (!change.title && !change.tags && !change.alias) throw Problem(400, "change_empty");
  if (body.alias.has()) {
    if (!isAlias(*body.alias)) throw Problem(400, "alias_invalid");
    orgs_.requireFeature(request.principal().userId, "aliases_cloud");
  }
  return changed(request, std::move(change));
}

Reply LibraryOperations::setSessionAlias(const Request& request, const contract::SetSessionAliasBody& body) {
  SessionChange change;
  change.alias = body.alias;
  return changed(request, std::move(change));
}

Reply LibraryOperations::clearSessionAlias(const Request& request) {
  SessionChange change;
  change.alias.emplace();
  return changed(request, std::move(change));
}

Reply LibraryOperations::deleteCapturedSession(const Request& request) {
  const auto parameter = request.query("scope").text();
  const auto scope = scopeFrom(parameter ? std::optional<std::string>(*parameter) : std::nullopt);
  const auto session = ownSession(store_, request);
  if (session.isDeleted) throw Problem(410, "session_already_deleted");
  const auto after = db_.transaction([&](Transaction& tx) {
    auto deleted = store_.in(tx).moveToTrash(session.id, scope, request.principal().userId, mortise::now());
    if (!deleted) throw Problem(410, "session_already_deleted");  // another request was faster
    audit_.in(tx).record(request, "sync.session_deleted", target(session), json::object({{"scope", scope}}));
    return *deleted;
  });
  auto reply = Reply::ok(json::from(after));
  if (!parameter) reply.header("X-Deprecation-Warning", kScopeMissing);
  return reply;
}

CapturedSession LibraryOperations::inTrash(const Request& request) const {
  const std::string name = request.path("session_id");
  if (!isSessionId(name) && !isAlias(name)) throw Problem(400, "session_id_invalid");
  const std::string userId = request.principal().userId;
  auto session = store_.findOwn(userId, name);
  if (!session) session = store_.findInTrash(userId, name);
  if (!session) throw Problem(410, "session_gone");
  if (!session->isDeleted) throw Problem(409, "session_not_deleted");
  return *session;
}

Reply LibraryOperations::restoreSession(const Request& request) {
  const auto session = inTrash(request);
  const auto lay = db_.transaction([&](Transaction& tx) {
    auto restored = store_.in(tx).takeFromTrash(session.id);
    if (!restored) throw Problem(409, "session_not_deleted");  // another request was faster
    audit_.in(tx).record(request, "sync.session_restored", target(session));
    return *restored;
  });
  const auto now = mortise::orNotFound(store_.find(session.id), "session_not_found");
  return Reply::ok(json::from(now)
                       .add("restored_from_scope", lay.deleteScope)
                       .add("local_copy_may_be_missing", lay.deleteScope == "both"));
}

void LibraryOperations::listSessionMessages(Request& request) {
  const auto session = liveSession(store_, request);
  const auto paging = Paging::of(request, kMessagePages);
  MessageQuery query;
  query.page = paging.page;
  query.pageSize = paging.size;
  query.isNewestFirst = request.query("order").text("") == "newest";
  query.around = request.query("around").integer();
  try {
    if (const auto index = messages_.find(session)) {
      request.answer(view(pageOf(*index, query), query));
      return;
    }
  } catch (const BlocksDamaged&) {
    messages_.forget(session);
  }
  threads_.answer(request, [this, session, query](const Request& waiting) {
    const auto index = messages_.find(session);  // made while this request waited
    return view(pageOf(index ? *index : messages_.make(session, [&] { waiting.stopIfExpired(); }), query), query);
  });
}

Reply LibraryOperations::cleanUpSessions(const Request& request) { return emptyTrash(trash_, audit_, request); }

void LibraryOperations::reindexSessions(Request& request) {
  const std::string after = request.query("after").text("");
  threads_.answer(request, [this, after](const Request& waiting) {
    const auto caller = waiting.principal();
    const auto end = std::chrono::steady_clock::now() + kReindexTime;
    const auto outcome = reindex_.run(
        caller.userId, caller.tier, after, [&] { return std::chrono::steady_clock::now() > end; },
        [&] { waiting.stopIfExpired(); });
    return Reply::ok(json::object({{"reindexed", outcome.reindexed},
                                   {"updated", outcome.updated},
                                   {"errors", outcome.errors},
                                   {"next", outcome.next}}));
  });
}

void LibraryOperations::purgeTrash(mortise::JobRun& run) {
  const auto purge = trash_.purge([&] { return run.cancelled(); });
  run.output("removed " + std::to_string(purge.sessions) + " sessions, " + std::to_string(purge.bytes) + " bytes");
  if (purge.sessions == 0 && purge.errors == 0) return;
  mortise::JobReport report;
  report.target = "trash of captured sessions";
  report.synced = purge.sessions + purge.errors;
  report.deleted = purge.sessions;
  if (purge.errors > 0) report.failure = std::to_string(purge.errors) + " sessions could not be removed; see the log";
  run.report(report);
}

}  // namespace session_sharing
