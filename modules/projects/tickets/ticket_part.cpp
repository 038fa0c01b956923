#include "tickets/ticket_part.hpp"

#include <mortise/ascii.hpp>
#include <mortise/rows.hpp>
#include <mortise/time.hpp>
#include <mortise/where.hpp>

#include <algorithm>

#include "tickets/ticket.hpp"
#include "tickets/ticket_graph.hpp"

namespace projects {

using mortise::Transaction;

void TicketPart::removed(Transaction& tx, std::string_view projectId) {
  // What belongs to a ticket goes with it.
  tx.execute("DELETE FROM projects_tickets WHERE project_id = :project", {{"project", projectId}});
  reviewers_.in(tx).removeOfProject(projectId);
}

void TicketPart::merged(Transaction& tx, ProjectMerge& merge) {
  TicketGraph::lock(tx, std::min(merge.from, merge.into));
  TicketGraph::lock(tx, std::max(merge.from, merge.into));
  for (const auto& [before, name] : merge.personaRenames) {
    tx.execute(
        "UPDATE projects_tickets SET assigned_to = :name, assignee_key = :key "
        "WHERE project_id = :project AND assignee_key = :before",
        {{"name", name},
         {"key", mortise::asciiLowerCase(name)},
         {"project", merge.from},
         {"before", mortise::asciiLowerCase(before)}});
  }
  merge.stats["tickets"] += tx.execute("UPDATE projects_tickets SET project_id = :into WHERE project_id = :from",
                                       {{"into", merge.into}, {"from", merge.from}});
  reviewers_.in(tx).moveAll(merge.from, merge.into);
}

void TicketPart::userForgotten(Transaction& tx, std::string_view userId) {
  following_.in(tx).forgetUser(userId);
  reviewers_.in(tx).forgetUser(userId, mortise::now());
}

bool TicketPart::uses(Transaction& tx, const std::vector<std::string>& projectIds, const Persona& persona) const {
  using S = TicketStatus;
  mortise::db::Where where;
  where.in("project_id", projectIds)
      .equals("assignee_key", persona.nameKey)
      .in("status", {S::suggested, S::open, S::inProgress, S::blocked, S::review});
  return mortise::db::exists<Ticket>(tx, where.text(), where.parameters());
}

}  // namespace projects
