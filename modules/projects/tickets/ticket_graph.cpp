#include "tickets/ticket_graph.hpp"

#include <mortise/json.hpp>
#include <mortise/problem.hpp>
#include <mortise/rows.hpp>
#include <mortise/where.hpp>

#include <algorithm>

#include "tickets/ticket_store.hpp"

namespace projects {
namespace {

namespace db = mortise::db;
using mortise::Problem;

struct Dependency {
  std::string ticketId;
  std::string dependsOnId;

  static constexpr auto kFields =
      mortise::fields("projects_ticket_dependencies", mortise::field("ticket_id", &Dependency::ticketId).key(),
                      mortise::field("depends_on_id", &Dependency::dependsOnId).key());
};

}  // namespace

void TicketGraph::lock(mortise::Transaction& tx, std::string_view projectId) {
  tx.lock("projects.tickets:" + std::string(projectId));
}

void TicketGraph::set(std::string_view projectId, std::string_view ticketId, const std::vector<std::string>& dependsOn,
                      bool isNew) const {
  if (std::find(dependsOn.begin(), dependsOn.end(), ticketId) != dependsOn.end())
    throw Problem(400, "ticket_depends_on_itself");
  if (!dependsOn.empty()) {
    const auto where = ticketsOf(projectId, dependsOn);
    if (db::count<Ticket>(db_, where.text(), where.parameters()) != static_cast<std::int64_t>(dependsOn.size()))
      throw Problem(400, "ticket_dependency_unknown");
  }
  db_.transaction([&](db::Session& session) {
    if (!isNew)
      session.execute("DELETE FROM projects_ticket_dependencies WHERE ticket_id = :ticket", {{"ticket", ticketId}});
    std::vector<Dependency> rows;
    for (const auto& id : dependsOn) {
      const auto dependents =
          session
              .queryOne<std::int64_t>("SELECT COUNT(*) FROM projects_ticket_dependencies WHERE depends_on_id = :id",
                                      {{"id", id}})
              .value_or(0);
      if (dependents >= kMaxDependents)
        throw Problem(422, "ticket_dependents_full").field("body/depends_on").with("most", kMaxDependents);
      rows.push_back({std::string(ticketId), id});
    }
    db::insertAll(session, rows);
  });
  const bool isEnd = isNew || !db::exists<Dependency>(db_, "WHERE depends_on_id = :ticket", {{"ticket", ticketId}});
  if (!isEnd && leadsTo(dependsOn, ticketId)) throw Problem(400, "ticket_depends_on_itself");
}

bool TicketGraph::leadsTo(const std::vector<std::string>& from, std::string_view ticketId) const {
  if (from.empty()) return false;
  // Each ticket is walked over once, whatever leads to it. On PostgreSQL the inner query, which can't be joined in
  // another way, keeps the walk on the index: its planner knows nothing of how far it will go.
  const std::string step = db_.isSqlite()
                               ? "SELECT d.depends_on_id FROM walked w CROSS JOIN projects_ticket_dependencies d "
                                 "WHERE d.ticket_id = w.id"
                               : "SELECT d.depends_on_id FROM walked w CROSS JOIN LATERAL (SELECT depends_on_id FROM "
                                 "projects_ticket_dependencies WHERE ticket_id = w.id OFFSET 0) d";
  db::Where start;
  start.in("id", from);
  auto parameters = start.parameters();
  parameters.emplace_back("most", kMaxWalked + 1);
  std::size_t walked = 0;
  bool isFound = false;
  db_.each<std::string>("WITH RECURSIVE walked (id) AS (SELECT id FROM projects_tickets " + start.text() + " UNION " +
                            step + ") SELECT id FROM walked LIMIT :most",
                        parameters, [&](const std::string& id) {
                          ++walked;
                          isFound = id == ticketId;
                          return !isFound;
                        });
  if (!isFound && walked > kMaxWalked)
    throw Problem(422, "ticket_dependencies_deep").field("body/depends_on").with("most", kMaxWalked);
  return isFound;
}

std::vector<std::string> TicketGraph::dependents(std::string_view ticketId) const {
  return db_.query<std::string>(
      "SELECT ticket_id FROM projects_ticket_dependencies WHERE depends_on_id = :ticket ORDER BY ticket_id LIMIT :most",
      {{"ticket", ticketId}, {"most", kMaxDependents}});
}

std::vector<std::string> TicketGraph::waiting(std::string_view projectId, std::string_view ticketId) const {
  return db_.query<std::string>(
      "SELECT t.id FROM projects_ticket_dependencies d CROSS JOIN projects_tickets t "
      "WHERE d.depends_on_id = :ticket AND t.id = d.ticket_id AND t.project_id = :project "
      "AND t.status IN ('suggested', 'open', 'blocked') ORDER BY d.ticket_id",
      {{"ticket", ticketId}, {"project", projectId}});
}

std::vector<std::string> TicketGraph::unblock(std::string_view projectId, std::string_view ticketId,
                                              mortise::Time now) const {
  return db_.write().query<std::string>(
      "UPDATE projects_tickets SET status = 'in_progress', updated_at = :now WHERE status = 'blocked' AND id IN ("
      "SELECT w.id FROM projects_ticket_dependencies d CROSS JOIN projects_tickets w WHERE d.depends_on_id = :ticket "
      "AND w.id = d.ticket_id AND w.project_id = :project AND NOT EXISTS (SELECT 1 FROM projects_ticket_dependencies o "
      "JOIN projects_tickets t ON t.id = o.depends_on_id WHERE o.ticket_id = w.id AND t.status <> 'done')) RETURNING "
      "id",
      {{"now", now}, {"project", projectId}, {"ticket", ticketId}});
}

}  // namespace projects
