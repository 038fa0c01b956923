#include "tickets/ticket_store.hpp"

#include <mortise/ascii.hpp>
#include <mortise/json.hpp>
#include <mortise/rows.hpp>
#include <mortise/uuid.hpp>
#include <mortise/where.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <utility>

#include "in_parts.hpp"

namespace projects {
namespace {

namespace db = mortise::db;
using mortise::Time;

// What a move writes beside status and time.
std::string_view writesOf(TicketMove move) {
  switch (move) {
    case TicketMove::start:
    case TicketMove::forceStart:
      return ", lease_epoch = lease_epoch + 1, started_by_user_id = :caller, worker_key_id = :key";
    case TicketMove::complete:
      return ", resolver_user_id = :caller, resolver_session_id = :session, completion_notes = :notes, "
             "changed_files = :files, knowledge_entry_ids = :entries, resolver_key_id = :key";
    case TicketMove::resolve:
    case TicketMove::close:
      return ", resolved_at = :now";
    default:
      return "";
  }
}

std::string moveText(TicketMove move, bool isReader, bool isFenced) {
  std::string text = "UPDATE projects_tickets SET status = :to, updated_at = :now";
  text.append(writesOf(move));
  text.append(" WHERE id = :id AND project_id = :project AND ").append(legalCondition(move));
  if (isReader) text.append(" AND ").append(readerCondition(readerRuleOf(move)));
  if (isFenced) text.append(" AND lease_epoch = :lease");
  return text;
}

// Built once, so that each is prepared once for a connection.
const std::string& moveStatement(TicketMove move, bool isReader, bool isFenced) {
  constexpr std::size_t kMoves = static_cast<std::size_t>(TicketMove::close) + 1;
  static const auto kTexts = [] {
    std::array<std::string, kMoves * 4> texts;
    for (std::size_t i = 0; i < texts.size(); ++i)
      texts[i] = moveText(static_cast<TicketMove>(i / 4), (i & 2) != 0, (i & 1) != 0);
    return texts;
  }();
  return kTexts[static_cast<std::size_t>(move) * 4 + (isReader ? 2 : 0) + (isFenced ? 1 : 0)];
}

// Counts a comment and gives it a time, where the ticket has room for it. The row of the ticket is held from here to the
// commit, so that comments are seen in the order of their times.
constexpr const char* kTakePlace =
    "UPDATE projects_tickets SET comment_count = comment_count + 1, last_comment_at = "
    "CASE WHEN COALESCE(last_comment_at, 0) >= :now THEN last_comment_at + 1 ELSE :now END ";

// Empty: the ticket is not there, is full, or has another lease.
std::optional<Time> takePlace(db::Session& session, const TicketComment& comment,
                              const std::optional<std::int64_t>& leaseEpoch) {
  db::Where where;
  where.equals("id", comment.ticketId)
      .less("comment_count", TicketStore::kMaxComments)
      .equals("lease_epoch", db::ifSent(leaseEpoch));
  auto parameters = where.parameters();
  parameters.emplace_back("now", comment.createdAt);
  return session.queryOne<Time>(kTakePlace + where.text() + " RETURNING last_comment_at", parameters);
}

// As it stands in the table.
Ticket rowOf(const Ticket& ticket) {
  auto row = ticket;
  row.assigneeKey.reset();
  if (row.assignedTo) row.assigneeKey = mortise::asciiLowerCase(*row.assignedTo);
  return row;
}

// Writes the references of several tickets in one statement, whose text is the same for 1, 2, 4, 8, … of them.
void setReferences(db::Session& session, const std::vector<std::string>& ids, const std::vector<std::string>& lists,
                   Time now) {
  std::size_t slots = 1;
  while (slots < ids.size()) slots *= 2;
  std::string cases, names;
  std::vector<std::string> held;
  held.reserve(slots * 2);
  std::vector<db::Parameter> parameters = {{"now", now}};
  for (std::size_t i = 0; i < slots; ++i) {
    const auto at = std::min(i, ids.size() - 1);
    const auto& id = held.emplace_back("i" + std::to_string(i));
    const auto& list = held.emplace_back("r" + std::to_string(i));
    cases.append(" WHEN :").append(id).append(" THEN :").append(list);
    names.append(i == 0 ? ":" : ", :").append(id);
    parameters.emplace_back(id, ids[at]);
    parameters.emplace_back(list, lists[at]);
  }
  session.execute("UPDATE projects_tickets SET context_refs = CASE id" + cases +
                      " END, updated_at = :now WHERE id IN (" + names + ")",
                  parameters);
}

}  // namespace

std::optional<Ticket> TicketStore::find(std::string_view projectId, std::string_view id) const {
  auto ticket = db::find<Ticket>(db_, id);
  if (ticket && ticket->projectId != projectId) ticket.reset();
  return ticket;
}

std::vector<Ticket> TicketStore::findAll(std::string_view projectId, const std::vector<std::string>& ids) const {
  constexpr std::size_t kAtOnce = 256;
  std::vector<Ticket> out;
  inParts(ids, kAtOnce, [&](const std::vector<std::string>& some) {
    const auto where = ticketsOf(projectId, some);
    for (auto& ticket : db::rows<Ticket>(db_, where.text(), where.parameters())) out.push_back(std::move(ticket));
  });
  return out;
}

std::vector<TicketHead> TicketStore::heads(std::string_view projectId, const std::vector<std::string>& ids) const {
  constexpr std::size_t kAtOnce = 512;
  std::vector<TicketHead> out;
  inParts(ids, kAtOnce, [&](const std::vector<std::string>& some) {
    const auto where = ticketsOf(projectId, some);
    for (auto& [id, status, leaseEpoch] : db_.query<std::string, TicketStatus, std::int64_t>(
             "SELECT id, status, lease_epoch FROM projects_tickets " + where.text(), where.parameters()))
      out.push_back({std::move(id), status, leaseEpoch});
  });
  return out;
}

std::vector<std::tuple<std::string, std::string, std::string>> TicketStore::titles(
    const std::vector<std::string>& ids) const {
  if (ids.empty()) return {};
  db::Where where;
  where.in("id", ids);
  return db_.query<std::string, std::string, std::string>(
      "SELECT id, project_id, title FROM projects_tickets " + where.text(), where.parameters());
}

void TicketStore::fillChildren(std::vector<Ticket>& tickets) const {
  constexpr std::size_t kAtOnce = 128;
  std::map<std::string, Ticket*, std::less<>> issues;
  std::vector<std::string> ids;
  for (auto& ticket : tickets) {
    if (ticket.kind != TicketKind::issue) continue;
    issues.emplace(ticket.id, &ticket);
    ids.push_back(ticket.id);
  }
  inParts(ids, kAtOnce, [&](const std::vector<std::string>& some) {
    db::Where where;
    where.in("parent_ticket_id", some);
    for (auto& [parent, id] :
         db_.query<std::string, std::string>("SELECT parent_ticket_id, id FROM projects_tickets " + where.text() +
                                                 " ORDER BY parent_ticket_id, created_at, id",
                                             where.parameters()))
      issues.at(parent)->childTicketIds.push_back(std::move(id));
  });
}

std::vector<std::string> TicketStore::assignedTo(std::string_view projectId, std::string_view persona,
                                                 std::size_t limit) const {
  return db_.query<std::string>(
      "SELECT id FROM projects_tickets WHERE project_id = :project AND assignee_key = :key AND "
      "status IN ('suggested', 'open', 'in_progress', 'blocked', 'review') LIMIT :limit",
      {{"project", projectId}, {"key", mortise::asciiLowerCase(persona)}, {"limit", limit}});
}

std::int64_t TicketStore::childCount(std::string_view parentId) const {
  return db::count<Ticket>(db_, "WHERE parent_ticket_id = :parent", {{"parent", parentId}});
}

std::int64_t TicketStore::agentCount(std::string_view userId, std::string_view sessionId) const {
  // `source = 'agent'` is a constant of the text, so that the partial index serves.
  return db::count<Ticket>(db_,
                           "WHERE created_by_user_id = :user AND created_by_session_id = :session AND source = 'agent'",
                           {{"user", userId}, {"session", sessionId}});
}

bool TicketStore::isAtWork(std::string_view serviceKeyId, std::string_view orgId,
                           const std::optional<std::string>& projectId) const {
  const auto isOne = [&](const char* column) {
    db::Where where;
    where.equals(column, serviceKeyId).raw("status IN ('in_progress', 'blocked', 'review')");
    if (projectId) {
      where.equals("project_id", *projectId);
    } else {
      where.raw("project_id IN (SELECT id FROM projects_projects WHERE org_id = :org AND merged_into IS NULL)",
                {{"org", orgId}});
    }
    return db::exists<Ticket>(db_, where.text(), where.parameters());
  };
  return isOne("worker_key_id") || isOne("resolver_key_id");
}

void TicketStore::add(const Ticket& ticket) const { db::insert(db_, rowOf(ticket)); }

void TicketStore::change(const Ticket& ticket) const {
  db::update<&Ticket::title, &Ticket::description, &Ticket::priority, &Ticket::assignedTo, &Ticket::assigneeKey,
             &Ticket::contextRefs, &Ticket::fileRefs, &Ticket::relatedSessions, &Ticket::acceptanceCriteria,
             &Ticket::dependsOn, &Ticket::updatedAt>(db_, rowOf(ticket));
}

bool TicketStore::lock(std::string_view projectId, std::string_view id,
                       const std::optional<std::int64_t>& leaseEpoch) const {
  if (!leaseEpoch) {
    return db_.execute("UPDATE projects_tickets SET lease_epoch = lease_epoch WHERE id = :id AND project_id = :project",
                       {{"id", id}, {"project", projectId}}) > 0;
  }
  return db_.execute(
             "UPDATE projects_tickets SET lease_epoch = lease_epoch + 1 "
             "WHERE id = :id AND project_id = :project AND lease_epoch = :lease",
             {{"id", id}, {"project", projectId}, {"lease", *leaseEpoch}}) > 0;
}

bool TicketStore::move(std::string_view projectId, std::string_view id, const TicketStep& step,
                       const TicketCompletion* completion) const {
  std::vector<db::Parameter> parameters = {
      {"to", targetOf(step.move)}, {"now", step.at}, {"id", id}, {"project", projectId}};
  const auto& statement = moveStatement(step.move, step.isReader, step.leaseEpoch.has_value());
  if (statement.find(":caller") != std::string::npos) parameters.emplace_back("caller", step.caller);
  if (statement.find(":key") != std::string::npos) parameters.emplace_back("key", step.serviceKeyId);
  if (step.leaseEpoch) parameters.emplace_back("lease", *step.leaseEpoch);
  std::string files, entries;
  if (step.move == TicketMove::complete) {
    files = mortise::json::list(completion->changedFiles).text();
    entries = mortise::json::list(completion->knowledgeEntryIds).text();
    parameters.emplace_back("session", completion->resolverSessionId);
    parameters.emplace_back("notes", completion->notes);
    parameters.emplace_back("files", files);
    parameters.emplace_back("entries", entries);
  }
  return db_.execute(statement, parameters) > 0;
}

bool TicketStore::comment(TicketComment& comment, const std::optional<std::int64_t>& leaseEpoch) const {
  return db_.transaction([&](db::Session& session) {
    const auto at = takePlace(session, comment, leaseEpoch);
    if (!at) return false;
    comment.createdAt = *at;
    db::insert(session, comment);
    return true;
  });
}

void TicketStore::commentEach(const TicketComment& comment, const std::vector<std::string>& ticketIds) const {
  constexpr std::size_t kAtOnce = 64;  // a text has up to 40 KB
  db_.transaction([&](db::Session& session) {
    inParts(ticketIds, kAtOnce, [&](const std::vector<std::string>& some) {
      db::Where where;
      where.in("id", some).less("comment_count", kMaxComments);
      auto parameters = where.parameters();
      parameters.emplace_back("now", comment.createdAt);
      std::vector<TicketComment> placed;
      for (auto& [id, at] :
           session.query<std::string, Time>(kTakePlace + where.text() + " RETURNING id, last_comment_at", parameters)) {
        auto& one = placed.emplace_back(comment);
        one.id = mortise::makePrefixedId("tc_");
        one.ticketId = std::move(id);
        one.createdAt = at;
      }
      db::insertAll(session, placed);
    });
  });
}

void TicketStore::addReferences(const std::vector<std::string>& ticketIds, const std::vector<std::string>& entryIds,
                                Time now) const {
  constexpr std::size_t kAtOnce = 32;  // a list has up to 128 KiB
  db_.transaction([&](db::Session& session) {
    inParts(ticketIds, kAtOnce, [&](const std::vector<std::string>& some) {
      db::Where where;
      where.in("id", some);
      std::vector<std::string> changed, lists;
      for (auto& [id, references] : session.query<std::string, std::vector<std::string>>(
               "SELECT id, context_refs FROM projects_tickets " + where.text(), where.parameters())) {
        const auto before = references.size();
        for (const auto& entry : entryIds) {
          if (references.size() < kMaxReferences &&
              std::find(references.begin(), references.end(), entry) == references.end())
            references.push_back(entry);
        }
        if (references.size() == before) continue;
        changed.push_back(std::move(id));
        lists.push_back(mortise::json::list(references).text());
      }
      if (!changed.empty()) setReferences(session, changed, lists, now);
    });
  });
}

std::optional<TicketComment> TicketStore::findComment(std::string_view id) const {
  return db::find<TicketComment>(db_, id);
}

std::vector<TicketComment> TicketStore::comments(std::string_view ticketId, const std::optional<Time>& since,
                                                 const std::optional<std::string>& sinceId, std::size_t limit) const {
  if (!since) {
    return db::rows<TicketComment>(db_, "WHERE ticket_id = :ticket ORDER BY created_at, id LIMIT :limit",
                                   {{"ticket", ticketId}, {"limit", limit}});
  }
  if (!sinceId) {
    return db::rows<TicketComment>(
        db_, "WHERE ticket_id = :ticket AND created_at > :since ORDER BY created_at, id LIMIT :limit",
        {{"ticket", ticketId}, {"since", *since}, {"limit", limit}});
  }
  return db::rows<TicketComment>(
      db_, "WHERE ticket_id = :ticket AND (created_at, id) > (:since, :id) ORDER BY created_at, id LIMIT :limit",
      {{"ticket", ticketId}, {"since", *since}, {"id", *sinceId}, {"limit", limit}});
}

std::optional<ReviewState> TicketStore::reviewState(std::string_view ticketId) const {
  ReviewReader reader;
  db::eachRow<TicketComment>(db_, "WHERE ticket_id = :ticket ORDER BY created_at, id LIMIT :limit",
                             {{"ticket", ticketId}, {"limit", kReviewedComments}},
                             [&](TicketComment&& comment) { reader.read(comment); });
  return reader.state();
}

std::optional<Time> TicketStore::lastOfNext(std::string_view ticketId, const std::optional<Time>& since,
                                            std::size_t limit) const {
  const auto times = db_.query<Time>(
      "SELECT created_at FROM projects_ticket_comments WHERE ticket_id = :ticket AND created_at > :since "
      "ORDER BY created_at, id LIMIT :limit",
      {{"ticket", ticketId}, {"since", since.value_or(Time())}, {"limit", limit}});
  return times.empty() ? std::nullopt : std::optional(times.back());
}

std::vector<TicketComment> TicketStore::newestComments(std::string_view ticketId, std::size_t limit) const {
  return db::rows<TicketComment>(db_, "WHERE ticket_id = :ticket ORDER BY created_at DESC, id DESC LIMIT :limit",
                                 {{"ticket", ticketId}, {"limit", limit}});
}

void TicketStore::addEdits(const std::vector<TicketEdit>& edits) const { db::insertAll(db_, edits); }

std::vector<TicketEdit> TicketStore::edits(std::string_view ticketId) const {
  return db::rows<TicketEdit>(db_, "WHERE ticket_id = :ticket ORDER BY edited_at, id", {{"ticket", ticketId}});
}

}  // namespace projects
