// The list of tickets. With one filter or none it is read along an index. With several it is read in parts: each status,
// priority and kind that was not asked for is a part of its own, read along the same index, and the newest of all parts
// are kept. So no page costs more because the project has more tickets, and six indexes serve for sixteen lists.
#include <mortise/ascii.hpp>
#include <mortise/rows.hpp>
#include <mortise/slice.hpp>
#include <mortise/where.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "tickets/ticket_store.hpp"

namespace projects {
namespace {

namespace db = mortise::db;

constexpr const char* kNewestFirst = " ORDER BY created_at DESC, id DESC LIMIT :limit";

std::size_t bytesOf(const std::vector<std::string>& texts) {
  std::size_t bytes = 0;
  for (const auto& text : texts) bytes += text.size() + 3;
  return bytes;
}

std::size_t bytesOf(const Ticket& ticket) {
  constexpr std::size_t kNames = 900;
  std::size_t bytes = kNames + ticket.title.size() + ticket.description.size();
  if (ticket.completionNotes) bytes += ticket.completionNotes->size();
  for (const auto* list : {&ticket.contextRefs, &ticket.fileRefs, &ticket.relatedSessions, &ticket.acceptanceCriteria,
                           &ticket.changedFiles, &ticket.knowledgeEntryIds, &ticket.dependsOn})
    bytes += bytesOf(*list);
  return bytes;
}

template <class Enum>
std::vector<Enum> oneOrAll(const std::optional<Enum>& one) {
  if (one) return {*one};
  std::vector<Enum> all;
  for (const auto& name : mortise::detail::kNamesOf<Enum>.list) all.push_back(name.value);
  return all;
}

// Adds the ticket to the page. False: there is no room for it, and the page ends at the ticket before.
bool take(TicketPage& page, PageRoom& room, Ticket ticket) {
  if (!room.take(bytesOf(ticket))) {
    page.next = ListPlace{page.tickets.back().createdAt, page.tickets.back().id};
    return false;
  }
  page.tickets.push_back(std::move(ticket));
  return true;
}

}  // namespace

TicketPage TicketStore::list(std::string_view projectId, const TicketFilter& filter,
                             const std::optional<ListPlace>& after, std::size_t limit, std::size_t bytes) const {
  TicketPage page;
  PageRoom room(limit, bytes);
  const int filters = (filter.assignedTo ? 1 : 0) + (filter.status ? 1 : 0) + (filter.kind ? 1 : 0);
  if (!filter.priority && filters <= 1) {
    db::Where where;
    where.equals("project_id", projectId);
    if (filter.assignedTo) where.equals("assignee_key", mortise::asciiLowerCase(*filter.assignedTo));
    if (filter.status) where.equals("status", *filter.status);
    if (filter.kind) where.equals("kind", *filter.kind);
    auto parameters = where.parameters();
    std::string text = where.text();
    if (after) {
      text.append(" AND (created_at, id) < (:after_time, :after_id)");
      parameters.emplace_back("after_time", after->createdAt);
      parameters.emplace_back("after_id", after->id);
    }
    parameters.emplace_back("limit", limit + 1);
    db::eachRow<Ticket>(db_, text + kNewestFirst, parameters,
                        [&](Ticket&& ticket) { return take(page, room, std::move(ticket)); });
    return page;
  }
  const auto keys = places(projectId, filter, oneOrAll(filter.status), after, {}, limit + 1);
  constexpr std::size_t kAtOnce = 64;
  for (std::size_t at = 0; at < keys.size(); at += kAtOnce) {
    const auto end = std::min(at + kAtOnce, keys.size());
    std::vector<std::string> ids;
    for (std::size_t i = at; i < end; ++i) ids.push_back(keys[i].id);
    std::map<std::string, Ticket, std::less<>> byId;
    for (auto& ticket : findAll(projectId, ids)) byId.emplace(ticket.id, std::move(ticket));
    for (const auto& id : ids) {
      const auto ticket = byId.find(id);
      // Since its place was read it may have moved on.
      if (ticket == byId.end() || (filter.status && ticket->second.status != *filter.status)) continue;
      if (!take(page, room, std::move(ticket->second))) return page;
    }
  }
  // Where some have moved on, there is more behind a page that is not full.
  if (keys.size() > limit) page.next = keys.back();
  return page;
}

std::vector<std::string> TicketStore::unqueued(std::string_view projectId, const TicketFilter& filter,
                                               std::string_view queueId, std::size_t limit) const {
  std::vector<TicketStatus> live;
  for (const auto status : oneOrAll(filter.status)) {
    if (!isOver(status)) live.push_back(status);
  }
  std::vector<std::string> ids;
  for (auto& place : places(projectId, filter, live, {}, queueId, limit)) ids.push_back(std::move(place.id));
  return ids;
}

std::vector<ListPlace> TicketStore::places(std::string_view projectId, const TicketFilter& filter,
                                           const std::vector<TicketStatus>& statuses,
                                           const std::optional<ListPlace>& after,
                                           const std::optional<std::string_view>& queueId, std::size_t limit) const {
  std::string text = "SELECT created_at, id FROM projects_tickets WHERE project_id = :project";
  std::optional<std::string> assignee;
  if (filter.assignedTo) {
    assignee = mortise::asciiLowerCase(*filter.assignedTo);
    text.append(" AND assignee_key = :assignee");
  }
  text.append(" AND status = :status AND priority = :priority AND kind = :kind");
  if (after) text.append(" AND (created_at, id) < (:after_time, :after_id)");
  if (queueId) {
    text.append(
        " AND NOT EXISTS (SELECT 1 FROM projects_work_queue_items i "
        "WHERE i.queue_id = :queue AND i.ticket_id = projects_tickets.id)");
  }
  text.append(kNewestFirst);
  std::vector<ListPlace> out;
  for (const auto status : statuses) {
    for (const auto priority : oneOrAll(filter.priority)) {
      for (const auto kind : oneOrAll(filter.kind)) {
        std::vector<db::Parameter> parameters = {
            {"project", projectId}, {"status", status}, {"priority", priority}, {"kind", kind}, {"limit", limit}};
        if (assignee) parameters.emplace_back("assignee", *assignee);
        if (queueId) parameters.emplace_back("queue", *queueId);
        if (after) {
          parameters.emplace_back("after_time", after->createdAt);
          parameters.emplace_back("after_id", after->id);
        }
        for (auto& [createdAt, id] : db_.query<mortise::Time, std::string>(text, parameters))
          out.push_back({createdAt, std::move(id)});
      }
    }
  }
  std::sort(out.begin(), out.end(), [](const ListPlace& a, const ListPlace& b) {
    return std::tie(a.createdAt, a.id) > std::tie(b.createdAt, b.id);
  });
  if (out.size() > limit) out.resize(limit);
  return out;
}

}  // namespace projects
