// What changes tickets: each in one transaction, with its edits, comments, notifications and the record of the change.
#pragma once

#include <mortise/audit.hpp>
#include <mortise/db.hpp>
#include <mortise/metrics.hpp>
#include <mortise/module.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/org_settings.hpp"
#include "changes/project_changes.hpp"
#include "following/ticket_notifier.hpp"
#include "personas/persona_store.hpp"
#include "retrieval/retrieval_store.hpp"
#include "reviewers/reviewer_store.hpp"
#include "tickets/ticket_access.hpp"
#include "tickets/ticket_edits.hpp"
#include "tickets/ticket_graph.hpp"
#include "tickets/ticket_moves.hpp"
#include "tickets/ticket_store.hpp"

namespace projects {

// A ticket that somebody begins to work on.
struct StartedTicket {
  Ticket ticket;
  std::optional<Persona> persona;  // that it is assigned to
  std::string retrievalContextId;
};

// One for the module; faces keep a reference. Every member checks who may do it, and answers with the ticket as it is
// then. [worker]; throws Problem and db::Error.
class TicketWriter {
 public:
  static constexpr std::int64_t kMaxAgentTickets = 3;                // of one captured session
  static constexpr std::int64_t kMaxChildren = 500;                  // of one issue
  static constexpr std::size_t kMaxBytes = std::size_t{128} * 1024;  // of the texts of one ticket

  // Whatever is handed over by reference must outlive this object.
  TicketWriter(mortise::Host host, const OrgSettings& settings, const ProjectChanges& changes,
               const TicketNotifier& notifier);

  // `ticket`: what the caller asks for, without id, times and status. Problems: 403 project_admin_required, 400
  // ticket_issue_has_parent, ticket_agent_gate, 422 ticket_parent_unknown, ticket_too_large, 409 ticket_children_full,
  // 429 agent_tickets_full, and those of TicketGraph::set().
  Ticket create(const TicketCaller& caller, Ticket ticket) const;
  // Problems: 403 ticket_edit_forbidden, 409 stale_lease_epoch, ticket_comments_full, and as create().
  Ticket change(const TicketCaller& caller, const Ticket& before, TicketChange change,
                const std::optional<std::int64_t>& leaseEpoch) const;
  // One step more urgent. Problems: 403 ticket_edit_forbidden, 400 ticket_most_urgent, 409 ticket_comments_full.
  Ticket escalate(const TicketCaller& caller, const Ticket& before, const std::optional<std::string>& reason) const;

  // Every move but start. Problems: 403 (TicketAccess::requireMover), 409 ticket_lease_stale, sod_mutual_exclusion, 422
  // lease_epoch_required, 400 or 409 ticket_move_illegal, 400 ticket_is_no_issue.
  Ticket move(const mortise::Request& request, const TicketCaller& caller, const Ticket& before, TicketMove move,
              const std::optional<std::int64_t>& leaseEpoch = {}, const TicketCompletion* completion = nullptr) const;
  // Problems: as move(), and 400 ticket_persona_unknown.
  StartedTicket start(const TicketCaller& caller, const Ticket& before, bool force) const;

  // Problems: 409 ticket_lease_stale, ticket_comments_full, 422 lease_epoch_required, ticket_persona_reserved.
  TicketComment comment(const TicketCaller& caller, TicketComment comment,
                        const std::optional<std::int64_t>& leaseEpoch) const;
  // Problem 422 lease_epoch_required, which names that field, unless the lease is named or the organisation does not ask
  // for it.
  void requireLease(const TicketCaller& caller, const std::optional<std::int64_t>& leaseEpoch,
                    std::string field = "body/lease_epoch") const;

 private:
  using Transaction = mortise::Transaction;

  // Moves the ticket, and does the rest of the move in the same transaction.
  Ticket moveAnd(const TicketCaller& caller, const Ticket& before, const TicketStep& step,
                 const TicketCompletion* completion,
                 const std::function<void(Transaction&, const Ticket&)>& rest) const;
  // Why the move was refused; returns when by now it would not be.
  void explain(const TicketCaller& caller, std::string_view ticketId, const TicketStep& step) const;
  void requireNoReviewer(const TicketCaller& caller) const;
  std::optional<std::string> spelled(const TicketCaller& caller, const std::optional<std::string>& assignee) const;
  void tellMove(Transaction& tx, const TicketCaller& caller, const Ticket& ticket, TicketMove move,
                mortise::Time at) const;
  void handOver(Transaction& tx, const TicketCaller& caller, const Ticket& ticket, mortise::Time at) const;
  void tellDependents(Transaction& tx, const TicketCaller& caller, const Ticket& ticket, mortise::Time at) const;
  void record(Transaction& tx, const TicketCaller& caller, std::string_view ticketId, std::string_view change) const;
  void addEdits(Transaction& tx, const TicketCaller& caller, const Ticket& ticket, std::vector<TicketEdit> edits,
                TicketComment comment, const std::optional<std::int64_t>& leaseEpoch) const;

  mortise::Db db_;
  mortise::Audit audit_;
  TicketStore tickets_;
  TicketGraph graph_;
  PersonaStore personas_;
  RetrievalStore retrieval_;
  ReviewerStore reviewers_;
  const OrgSettings& settings_;
  const ProjectChanges& changes_;
  const TicketNotifier& notifier_;
  mortise::Counter created_;
  mortise::Counter moved_;
  mortise::Counter refused_;
  mortise::Counter unblocked_;
};

}  // namespace projects
