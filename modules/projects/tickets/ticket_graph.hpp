// Which tickets depend on which. No ticket depends on itself over any way; whoever adds to the graph of a project holds it
// to the end of the transaction, so that two writers make no cycle between them.
#pragma once

#include <mortise/db.hpp>
#include <mortise/time.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tickets/ticket.hpp"

namespace projects {

// [worker]; every member throws db::Error.
class TicketGraph {
 public:
  static constexpr std::int64_t kMaxDependents = 2000;  // of one ticket
  // The most tickets that a search for a cycle walks over.
  static constexpr std::size_t kMaxWalked = 50'000;

  explicit TicketGraph(mortise::Db db) : db_(db) {}
  // The same graph as a part of a transaction.
  TicketGraph in(const mortise::Transaction& tx) const { return TicketGraph(db_.in(tx)); }

  // Take it before any row of a ticket.
  static void lock(mortise::Transaction& tx, std::string_view projectId);

  // Under lock(). What the ticket depends on from now on. Problems: 400 ticket_dependency_unknown (not of the project),
  // ticket_depends_on_itself, 422 ticket_dependents_full, ticket_dependencies_deep. `isNew`: nothing depends on it yet.
  void set(std::string_view projectId, std::string_view ticketId, const std::vector<std::string>& dependsOn,
           bool isNew) const;

  // The ids of those that depend on a ticket, at most kMaxDependents.
  std::vector<std::string> dependents(std::string_view ticketId) const;
  // The ids of those of the project that wait for it: suggested, open or blocked.
  std::vector<std::string> waiting(std::string_view projectId, std::string_view ticketId) const;
  // Those that were blocked, depend on it, and have nothing left to wait for: in progress from now on. Their ids.
  std::vector<std::string> unblock(std::string_view projectId, std::string_view ticketId, mortise::Time now) const;

 private:
  bool leadsTo(const std::vector<std::string>& from, std::string_view ticketId) const;

  mortise::Db db_;
};

}  // namespace projects
