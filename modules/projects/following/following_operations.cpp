#include "following/following_operations.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>
#include <mortise/time.hpp>

#include <chrono>
#include <utility>

namespace projects {
namespace {

namespace contract = projects_contract::following;
namespace json = mortise::json;
using mortise::Problem;
using mortise::Reply;
using mortise::Request;

constexpr std::size_t kUpdates = 100;
constexpr int kScannedPages = 10;  // of which nothing may be visible any more
constexpr auto kKept = std::chrono::days(90);
constexpr std::int64_t kForgottenAtOnce = 1000;
// A number is given before the transaction commits that uses it: after this time none of a smaller number is to come.
constexpr auto kSettled = std::chrono::seconds(5);
constexpr std::string_view kKeyReader = "svc:";

// Under which name the caller's place is kept. Problem 422 persona_reserved.
std::string readerOf(const mortise::Principal& caller, std::string_view persona) {
  if (caller.isServiceKey) return std::string(kKeyReader).append(caller.keyId);
  if (persona.substr(0, kKeyReader.size()) == kKeyReader) throw Problem(422, "persona_reserved");
  return std::string(persona);
}

}  // namespace

FollowingOperations::FollowingOperations(mortise::Host host, const ProjectAccess& access, const TicketAccess& tickets)
    : db_(host.db()), projects_(db_), store_(db_), following_(db_), access_(access), tickets_(tickets) {}

Ticket FollowingOperations::ticketOf(const Request& request) const {
  try {
    return tickets_.ticketOf(request, tickets_.reach(request));
  } catch (const Problem& problem) {
    if (problem.code() == "project_forbidden") throw Problem(404, "project_not_found");
    throw;
  }
}

Reply FollowingOperations::watchTicket(const Request& request, const std::optional<contract::Watch>& body) {
  const auto ticket = ticketOf(request);
  const std::string userId = request.principal().userId;
  const bool muted = body && body->muted.valueOr(false);
  const auto watcher = db_.transaction([&](mortise::Transaction& tx) {
    const auto store = following_.in(tx);
    if (!store.watch({ticket.id, userId, {}, WatchSource::explicitly, muted, mortise::now()}))
      throw Problem(409, "ticket_watchers_full").with("most", FollowingStore::kMaxWatchers);
    store.mute(ticket.id, userId, muted);
    return mortise::orNotFound(store.watcher(ticket.id, userId), "ticket_not_found");
  });
  return Reply::ok(json::from(watcher).build());
}

Reply FollowingOperations::unwatchTicket(const Request& request) {
  following_.unwatch(ticketOf(request).id, request.principal().userId);
  return Reply::noContent();
}

std::vector<TicketNotification> FollowingOperations::visible(const Request& request,
                                                             std::vector<TicketNotification> notifications,
                                                             std::map<std::string, bool>& reached) const {
  std::map<std::string, std::pair<std::string, std::string>> tickets;  // id -> project and title
  std::vector<std::string> ids;
  for (const auto& each : notifications) {
    if (tickets.emplace(each.ticketId, std::pair<std::string, std::string>()).second) ids.push_back(each.ticketId);
  }
  for (auto& [id, projectId, title] : store_.titles(ids)) tickets[id] = {std::move(projectId), std::move(title)};
  std::vector<TicketNotification> out;
  for (auto& each : notifications) {
    const auto& [projectId, title] = tickets[each.ticketId];
    if (projectId.empty()) continue;
    auto known = reached.find(projectId);
    if (known == reached.end()) {
      request.stopIfExpired();
      bool reaches = false;
      try {
        if (auto project = projects_.find(projectId)) {
          access_.reach(request.principal(), std::move(*project));
          reaches = true;
        }
      } catch (const Problem& problem) {
        if (problem.status() != 403 && problem.status() != 410) throw;
      }
      known = reached.emplace(projectId, reaches).first;
    }
    if (!known->second) continue;
    each.projectId = projectId;
    each.ticketTitle = title;
    out.push_back(std::move(each));
  }
  return out;
}

Reply FollowingOperations::listTicketNotifications(const Request& request) {
  const auto limit = static_cast<std::size_t>(request.query("limit").integer(20));
  const bool unread = request.query("unread").boolean(false);
  auto before = request.query("before").integer();
  const std::string userId = request.principal().userId;
  std::map<std::string, bool> reached;
  std::vector<TicketNotification> items;
  std::optional<std::int64_t> next;
  for (int page = 0; page < kScannedPages && items.size() < limit; ++page) {
    auto rows = following_.newest(userId, unread, before, limit + 1);
    const bool hasMore = rows.size() > limit;
    if (hasMore) rows.resize(limit);
    next.reset();
    if (rows.empty()) break;
    before = rows.back().id;
    if (hasMore) next = before;
    for (auto& each : visible(request, std::move(rows), reached)) {
      if (items.size() == limit) {
        // The rest of these rows belongs to the next page.
        next = items.back().id;
        break;
      }
      items.push_back(std::move(each));
    }
    if (!hasMore) break;
  }
  return Reply::ok(
      json::object({{"items", json::list(items)}, {"next_before", next ? json::value(*next) : json::Value()}}));
}

Reply FollowingOperations::readTicketNotifications(const Request& request, const contract::ReadNotifications& body) {
  const std::string userId = request.principal().userId;
  const auto now = mortise::now();
  std::int64_t updated = 0;
  if (body.all.valueOr(false)) {
    updated = following_.readAll(userId, now);
  } else if (body.ids.has()) {
    updated = following_.read(userId, *body.ids, now);
  } else {
    throw Problem(400, "notifications_unnamed");
  }
  return Reply::ok(json::object({{"updated", updated}}));
}

Reply FollowingOperations::listTicketUpdates(const Request& request) {
  const auto caller = request.principal();
  const auto reader = readerOf(caller, request.query("persona").text(""));
  const std::string userId = caller.userId;
  auto cursor = following_.cursor(userId, reader);
  const auto settled = mortise::now() - kSettled;
  std::map<std::string, bool> reached;
  std::vector<TicketNotification> items;
  for (int page = 0; page < kScannedPages && items.empty(); ++page) {
    auto rows = following_.after(userId, cursor, kUpdates);
    const bool isFull = rows.size() == kUpdates;
    std::size_t ready = 0;
    while (ready < rows.size() && rows[ready].updatedAt <= settled) ++ready;
    const bool isCut = ready < rows.size();
    rows.resize(ready);
    if (rows.empty()) break;
    cursor = rows.back().id;
    items = visible(request, std::move(rows), reached);
    if (isCut || !isFull) break;
  }
  return Reply::ok(json::object({{"items", json::list(items)}, {"next_cursor", cursor}}));
}

Reply FollowingOperations::acknowledgeTicketUpdates(const Request& request, const contract::Acknowledgement& body) {
  const auto caller = request.principal();
  const auto reader = readerOf(caller, body.persona.valueOr(""));
  return Reply::ok(json::object({{"cursor", following_.advance(caller.userId, reader, body.cursor, mortise::now())}}));
}

void FollowingOperations::forgetNotifications(mortise::JobRun& run) {
  std::int64_t count = 0;
  for (std::int64_t gone = 1; gone > 0 && !run.cancelled(); count += gone)
    gone = following_.forgetBefore(mortise::now() - kKept, kForgottenAtOnce);
  if (count > 0) run.report({.target = "notifications of tickets", .deleted = count});
}

}  // namespace projects
